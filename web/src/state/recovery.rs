//! Recovery words as they are typed. In: text from a note, a list or a photo. Out: the twelve words
//! for the server, or how many there are. Whether they open something only the server knows.

/// Words of a phrase.
pub(crate) const PHRASE_WORDS: usize = 12;

/// Reads the words, whatever stands between them: the numbers of a list, commas, line ends.
/// Gives the number of words when it is not [`PHRASE_WORDS`].
pub(crate) fn read_phrase(text: &str) -> Result<String, usize> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    if words.len() == PHRASE_WORDS {
        Ok(words.join(" "))
    } else {
        Err(words.len())
    }
}

/// What is wrong with so many words.
pub(crate) fn wrong_count(count: usize) -> String {
    match count {
        0 => "Enter your twelve recovery words.".to_owned(),
        1 => "This is one word. Recovery words are twelve.".to_owned(),
        _ => format!("These are {count} words. Recovery words are twelve."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHRASE: &str =
        "legal winner thank year wave sausage worth useful legal winner thank yellow";

    #[test]
    fn words_are_read_from_a_list_with_numbers_and_capitals() {
        let list: Vec<String> = (1..)
            .zip(PHRASE.split(' '))
            .map(|(number, word)| format!("{number}. {}\r\n", word.to_uppercase()))
            .collect();
        assert_eq!(read_phrase(&list.concat()), Ok(PHRASE.to_owned()));
        let commas = format!("  {},\t", PHRASE.replace(' ', ", "));
        assert_eq!(read_phrase(&commas), Ok(PHRASE.to_owned()));
    }

    #[test]
    fn too_few_and_too_many_are_counted() {
        assert_eq!(read_phrase(" 1. 2. "), Err(0));
        assert_eq!(read_phrase("legal winner"), Err(2));
        assert_eq!(read_phrase(&format!("{PHRASE} zoo")), Err(13));
    }

    #[test]
    fn the_count_is_told_without_the_words() {
        assert!(wrong_count(0).contains("Enter"));
        assert!(wrong_count(1).contains("one word."));
        assert!(wrong_count(13).contains("13 words"));
    }
}
