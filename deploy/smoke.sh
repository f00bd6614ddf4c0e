#!/usr/bin/env bash
# Asks a running service, after a deployment, what the README's first session asks: one line a check, exit code 0 when
# all hold. It leaves one delivered event behind: give it keys of a tenant of its own.
set -euo pipefail

if [[ $# -ne 3 ]]; then
  echo 'Usage: deploy/smoke.sh URL PRODUCER_KEY CONSUMER_KEY' >&2
  exit 2
fi
url=${1%/} producer=$2 consumer=$3
run=$(date +%s)-$RANDOM
type=smoke.$run
failed=0
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

# ask KEY METHOD PATH [curl's arguments]: the status goes to $status, the body to the file $answer.
ask() {
  local key=$1 method=$2 path=$3
  shift 3
  # The key comes on stdin: arguments are seen by every user of the machine.
  status=$(curl --silent --max-time 30 --output "$answer" --write-out '%{http_code}' --request "$method" "$@" \
    --config - "$url$path" <<<"${key:+header = \"Authorization: Bearer $key\"}") || true
}

check() {
  local what=$1
  shift
  if "$@"; then
    echo "ok      $what"
  else
    echo "FAILED  $what: $status $(head -c 300 "$answer")"
    failed=1
  fi
}

is() { [[ $status == "$1" ]]; }
answers() { is "$1" && grep -q "$2" "$answer"; }
lacks() { is 200 && ! grep -q "$1" "$answer"; }

# Where this failed, there is nothing to ask for.
or_stop() { [[ $failed == 0 ]] || exit 1; }

# An index may lag by a second behind a write: asked again for five.
soon() {
  local key=$1 path=$2
  shift 2
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    ask "$key" GET "$path"
    "$@" && return
    is 200 || return
    sleep 0.5
  done
  return 1
}

create() {
  ask "$producer" POST /events --header 'Content-Type: application/json' --header "Idempotency-Key: $type" \
    --data "{\"event_type\":\"$type\",\"payload\":{\"run\":\"$run\"}}"
}

ask '' GET /health
check 'the process answers' is 200
or_stop

create
check 'an event is accepted' is 201
or_stop
id=$(sed -n 's/.*"event_id":"\(evt_[0-9a-z]*\)".*/\1/p' "$answer")
create
check 'accepted once, however often it is sent' answers 201 "$id"

ask "$producer" GET "/events/$id"
check 'it can be read' answers 200 "$run"
check 'it is in the list' soon "$producer" "/events?event_type=$type" answers 200 "$id"
check 'it is pending' soon "$producer" "/events?status=pending&event_type=$type" answers 200 "$id"
check 'it is in the inbox' soon "$consumer" "/inbox?event_type=$type" answers 200 "$id"

ask "$consumer" POST "/events/$id/acknowledge"
check 'it is acknowledged' is 204
ask "$consumer" GET "/inbox?event_type=$type"
check 'it never comes again' lacks "$id"
ask "$producer" GET "/events/$id"
check 'it is delivered' answers 200 '"status":"delivered"'

ask '' GET /events
check 'nobody is let in without a key' answers 401 '"unauthorized"'
ask "$consumer" POST /events --header 'Content-Type: application/json' --data '{}'
check 'a consumer posts nothing' answers 403 '"insufficient_scope"'
ask "$producer" GET /events/evt_00000000000000000000000000
check 'what is not there is not found' answers 404 '"not_found"'

exit "$failed"
