"""The lists of these tests against the programs: a setting or metric that is renamed there is noticed here."""

import unittest

from support import ENV, env_names_in_sources


class Sources(unittest.TestCase):
    def test_the_lists_of_settings_are_those_of_the_programs(self):
        for program, names in ENV.items():
            with self.subTest(program):
                self.assertEqual(names, env_names_in_sources(program))


if __name__ == "__main__":
    unittest.main()
