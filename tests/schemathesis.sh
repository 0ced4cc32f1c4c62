#!/usr/bin/env bash
# Sends generated requests to a running gateway, as /api/openapi.json describes them, and fails when one is answered
# with a server error. Usage: tests/schemathesis.sh [URL]. Start the gateway with --rate-limit-burst 100000
# --rate-limit-per-second 10000, or most requests are answered with 429.
set -euo pipefail
url="${1:-http://127.0.0.1:8080}"
venv="${VENV:-${TMPDIR:-/tmp}/digital-detox-schemathesis}"
[[ -x $venv/bin/schemathesis ]] || {
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet 'schemathesis>=4,<5'
}
jar="$(mktemp)"
trap 'rm -f "$jar"' EXIT
curl --fail --silent --show-error --output /dev/null --cookie-jar "$jar" "$url/api/v1/sessions" \
  --header 'content-type: application/json' --header 'x-requested-with: digital-detox' \
  --data '{"name":"Sam","age":20,"consent":{"terms":true,"storage":"keep"}}'
cookie="$(awk '/detox_session/ { print $6 "=" $7 }' "$jar")"
# DELETE /sessions/me would end the session that everything else needs; the tests of the gateway cover it.
"$venv/bin/schemathesis" run "$url/api/openapi.json" --url "$url" \
  --header "Cookie: $cookie" --header 'X-Requested-With: digital-detox' \
  --exclude-method DELETE --checks not_a_server_error --max-examples "${EXAMPLES:-60}" --request-timeout 60
