#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The key that signs for the log is changed while agentosd runs: who may, what is left of the old one, what a stranger sees.
# timeout: 300

# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

key=$audit_dir.key
pub=$audit_dir.pub

module_load
daemon_start
cp "$pub" "$work/first.pub"
ln "$key" "$audit_dir.beside"
try as demo "$bin/agentctl" audit rotate-key
refused 'a user may not change the key' 1 'only root may change the key'
is 'and it is the same' "$(cat "$pub")" "$(cat "$work/first.pub")"

try agentctl audit rotate-key
is 'root may' "$status" 0
says 'and is shown the new one' "$(tail -n 1 "$pub")" "$work/out"
is 'the public keys are two, the old one first' "$(sed -n 1p "$pub")" "$(cat "$work/first.pub")"
is 'of two lines' "$(wc -l <"$pub")" 2
is 'the secret one is for root alone' "$(stat -c '%a %u' "$key")" '600 0'
fails 'the one that is to follow is not left' test -e "$key.next"
is 'the old one was overwritten where it lay' "$(tr -d '\0' <"$audit_dir.beside" | wc -c)" 0
fails 'and is not the new one' cmp -s "$key" "$audit_dir.beside"

try agentctl audit verify --key "$work/first.pub"
is 'who knows the old key verifies the log' "$status" 0
says 'and is told of the new one' 'keys         2, one after another' "$work/out"
tail -n 1 "$pub" >"$work/last.pub"
holds 'who knows the new key does' agentctl audit verify --key "$work/last.pub"
holds 'and a program that shares nothing with ours' \
	python3 "$SRC/tests/unit/verify_log.py" "$audit_dir" "$work/first.pub"
agentctl audit --json >"$work/audit.json"
says 'the log tells of it' '"note":"rotated"' "$work/audit.json"
says 'and who asked' 'of user id 0' "$work/audit.json"

daemon_end KILL
daemon_start
try agentctl audit rotate-key --json
is 'it is changed again after a crash' "$status" 0
says 'and the one before is gone' '"destroyed":true' "$work/out"
daemon_stop
try agentctl audit verify --key "$work/first.pub" --json
is 'the first key leads to the third' "$status" 0
says 'over both changes' '"keys":3' "$work/out"
try agentctl audit rotate-key
refused 'without agentosd nothing is changed' 1 'agentosd'

for wrong in '--keep 0' '--keep 1.5' '--keep -1' '--keep 36501' '--keep-bytes 1MiB' '--keep-bytes none'; do
	# shellcheck disable=SC2086 # two words
	try agentosd $wrong
	refused "agentosd takes no $wrong" 2 'agentosd: --keep'
done
try agentosd --keep 30 --version
is 'it takes less than six months' "$status" 0
says 'and warns' 'less than six months' "$work/err"
try agentosd --keep 183 --keep-bytes 2GiB --version
is 'and more' "$status,$(wc -c <"$work/err")" 0,0

stage_end
