#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Models through the gateway: who may call them without a key, within a budget, and all of it is in the log.
# timeout: 480

# shellcheck disable=SC2016,SC2317 # what agents expand; what holds and wait_for call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

cp "$BUILD/bin/agentos-gateway" "$bin"
cp "$SRC/tests/e2e/lib/caller.py" "$work/caller.py"
chmod 755 "$bin/agentos-gateway"
chmod 644 "$work/caller.py"
secret=sk-canary-$$-0123456789abcdef
backwards=$(python3 -c 'import sys; print(sys.argv[1][::-1])' "$secret")
socket=/run/agentos/gateway.sock

# policy_make NAME [LINE]...: untrusted, which may connect, with these lines.
policy_make() {
	made=$1
	shift
	{
		printf 'version: 1\nname: %s\nextends: untrusted\n' "$made"
		printf 'files: {read: ["%s/caller.py"]}\n' "$work"
		for line in "$@"; do
			echo "$line"
		done
	} >"$work/policies/$made.yaml"
}
# asks POLICY CALL...: what a new agent's calls under that policy come to, a line each, in $work/answers.
asks() {
	asked_policy=$1
	shift
	workspace_make asking
	(cd "$work/asking" && agentctl run --quiet --policy "$asked_policy" --name "$asked_policy" -- \
		python3 "$work/caller.py" "$@") >"$work/answers" 2>&1 </dev/null
	answer=0
}
# The next of them: next NAME TEXT: it begins with TEXT.
next() {
	answer=$((answer + 1))
	got=$(sed -n "${answer}p" "$work/answers")
	case $got in
	"$2"*) ok "$1" ;;
	*) is "$1" "$got" "$2" ;;
	esac
}
# logged NAME TEXT...: one record has all of them.
logged() {
	point=$1
	shift
	audit_settle
	agentctl audit --json >"$work/log"
	for text in "$@"; do
		grep -F -e "$text" "$work/log" >"$work/log.less"
		mv "$work/log.less" "$work/log"
	done
	holds "$point" [ -s "$work/log" ]
}
gateway_is_new() {
	fresh=$(pgrep -x agentos-gateway) && [ "$fresh" != "$1" ]
}

# --- the stage: a provider, its rows, its key ---

mkdir -p /etc/agentos
python3 "$work/caller.py" serve 8089 "$work/keys" >"$work/serve.log" 2>&1 &
children="$children $!"
cat >/etc/agentos/providers <<END
provider local wire=openai-chat url=http://127.0.0.1:8089/v1 auth=bearer secret=local
provider elsewhere wire=openai-chat url=http://127.0.0.1:8090/v1 auth=bearer secret=local
provider keyless wire=openai-chat url=http://127.0.0.1:8089/v1 auth=bearer secret=missing
model small provider=local input=\$1 output=\$10 priced=2026-01-01 context=100000 max-output=1000
model large provider=local input=\$1 output=\$10 priced=2026-01-01 context=100000 max-output=1000
END
holds 'a vault is made' agentctl vault init
printf %s "$secret" | agentctl vault set local
holds 'a key is bound to its host' agentctl vault bind local 127.0.0.1:8089
python3 "$work/caller.py" serve 8090 "$work/keys.elsewhere" >"$work/serve.elsewhere" 2>&1 &
children="$children $!"
wait_for 30 grep -q serving "$work/serve.log" || bail 'nobody serves'
wait_for 30 grep -q serving "$work/serve.elsewhere" || bail 'nobody serves elsewhere'

policy_make calling 'rights: [net-connect]' 'network: {models: ["local/*", "keyless/*", "elsewhere/*"]}'
policy_make counted 'rights: [net-connect]' 'network: {models: ["local/*"]}' 'budgets: {net-bytes: 10M}'
policy_make one 'rights: [net-connect]' 'network: {models: [small]}'
policy_make poor 'rights: [net-connect]' 'network: {models: ["*"]}' 'budgets: {tokens: 20}'
policy_make quiet 'rights: [net-connect]' 'network: {connect: ["127.0.0.1:8089"]}'
policy_make deriving 'rights: [net-connect, derive]' 'network: {models: [small]}'
policy_make looking 'rights: [net-connect]' 'network: {models: [small]}'
policy_make allowed 'rights: [net-connect, unix-connect]' \
	'network: {connect: ["127.0.0.1:8089"], unix: [/run/agentos]}'

module_load
daemon_start

# --- calls ---

asks calling chat:small chat:large:stream anthropic:small chat:small
next 'a model answers' 'Hello!'
[ $failures -eq 0 ] || bail 'the gateway does not serve'
next 'as a stream' 'Hello!'
next 'in another wire' 'Hello!'
next 'and again' 'Hello!'
is 'the provider is shown the key' "$(sort -u "$work/keys")" "Bearer $secret"
logged 'a call is in the log, with what it cost' '"type":"call"' '"agent_name":"calling"' \
	'"model":"small"' '"provider":"local"' '"microdollars":51'
try agentctl audit
says 'in words' 'called local/small: 11 tokens in, 4 out' "$work/out"

# --- over the Unix socket ---

asks calling chat/:small chat/:large:stream anthropic/:small
next 'models answer over the Unix socket' 'Hello!'
next 'and in streams' 'Hello!'
next 'in each wire' 'Hello!'
is 'the agent is told where it is' "$(cd "$work/asking" && agentctl run --quiet --policy calling -- \
	sh -c 'echo "$AGENTOS_SOCKET"' 2>&1)" "$socket"
is 'anybody may connect to it, and it is root'"'"'s' "$(stat -c '%a %u' "$socket")" '666 0'
workspace_make mine
chown -R demo: "$work/mine"
is 'agents of any user do' "$(cd "$work/mine" && as demo agentctl run --quiet --policy calling -- \
	python3 "$work/caller.py" chat/:small 2>&1)" 'Hello!'
try agentctl run --quiet --policy trusted -- sh -c \
	"rm -f $socket; mv $socket $socket.old; echo x >/run/agentos/new; echo x >/run/beside"
is 'no agent replaces it, root'"'"'s neither' "$(grep -c 'Permission denied' "$work/err"),$(stat -c %F "$socket")" \
	3,socket
is 'control: what is beside its directory it writes' "$(cat /run/beside)" x
audit_settle
agentctl audit --denied -n 20 >"$work/denied"
says 'the log says why' 'no agent may touch what enforces' "$work/denied"
# Nobody holds it up: what it was sent would be closed on its loop.
try agentctl run --quiet --policy trusted -- python3 "$work/caller.py" hand:pair hand:gateway
is 'descriptors are not sent to it, others get them' "$(xargs <"$work/out")" \
	'handed overGET error: [Errno 13] Permission denied'
audit_settle
agentctl audit --denied --json -n 1 >"$work/denied"
says 'which the log tells' '"why":"never"' "$work/denied"
try agentctl run --quiet --audit-only --policy trusted -- python3 "$work/caller.py" hand:gateway
says 'nor by who is only looked at' 'Permission denied' "$work/out"
try python3 "$work/caller.py" hand:pair hand:gateway
is 'nor from outside of all agents' "$(xargs <"$work/out")" \
	'handed overGET error: [Errno 13] Permission denied'
asks calling chat/:small
next 'it answers as ever' 'Hello!'
# passes POLICY: an agent connects to the gateway, and to itself, and sends each to one under POLICY:
# how many of either come.
cat >"$work/passes.py" <<'END'
import socket, subprocess, sys
sends = """import os, socket
end = socket.socket(fileno=0)
there = socket.socket(socket.AF_UNIX)
there.connect(os.environ["AGENTOS_SOCKET"])
socket.send_fds(end, [b"x"], [there.fileno()])
pair = socket.socketpair()
socket.send_fds(end, [b"x"], [pair[0].fileno()])
end.recv(1)"""
takes = """import socket
end = socket.socket(fileno=0)
for _ in range(2):
    print(len(socket.recv_fds(end, 1, 1)[1]), flush=True)"""
def agent(policy, code, end):
    return subprocess.Popen(["agentctl", "run", "--quiet", "--policy", policy, "--", "python3", "-c",
                             code], stdin=end)
one, other = socket.socketpair()
taking, sending = agent(sys.argv[1], takes, one), agent("calling", sends, other)
taking.wait()
one.send(b"x")
sending.wait()
END
passes() {
	workspace_make passing
	(cd "$work/passing" && python3 "$work/passes.py" "$1" 2>&1) | xargs
}
is 'control: a connection to it is passed on to who may connect to it, others not without the right' \
	"$(passes one)" '1 0'
is 'not to who may not, whatever it may do with Unix sockets' "$(passes allowed)" '0 1'
logged 'which the log tells' '"agent_name":' '"hook":"file_receive"' '"why":"no_rule"'
# What goes through it is no packet: who has a limit of network bytes does not get there.
asks counted chat:small chat/:small
next 'with a limit of network bytes models answer over TCP' 'Hello!'
next 'and the Unix socket is refused' 'error: [Errno 13] Permission denied'
logged 'as uncounted' '"agent_name":"counted"' '"why":"uncounted"' "$socket"
sed "s|^name: .*|name: taking|; s|^files: .*|files: {write: [$socket]}|" "$work/policies/one.yaml" \
	>"$work/policies/taking.yaml"
try agentctl run --policy taking -- true
refused 'no rule may allow it' 1 'no rule may be about what is below /run/agentos'

# --- from a sub-agent ---

cp "$bin/agentctl" "$work/asking"
(cd "$work/asking" && agentctl run --quiet --policy deriving --name deriving -- \
	./agentctl spawn --under self --name sub -- sh -c \
	'echo "$AGENTOS_AGENT $AGENTOS_SOCKET"; exec python3 "$0" chat:small chat/:small' "$work/caller.py") \
	>"$work/answers" 2>&1 </dev/null
answer=0
next 'a sub-agent that an agent makes is told where the Unix socket is' "deriving.sub $socket"
next 'its parent'"'"'s token is its own as well' 'Hello!'
next 'over the Unix socket, too' 'Hello!'
logged 'the calls are its own' '"agent_name":"deriving.sub"' '"model":"small"'

# --- who may not ---

asks one chat:small chat:large chat:nothing
next 'what the policy names is called' 'Hello!'
next 'another model is not' 'refused: 403 agentos-gateway: no rule of the policy is on large'
next 'one that is not there is not either' 'refused: 404'
logged 'the refusal is in the log' '"type":"call"' '"agent_name":"one"' '"model":"large"'
workspace_make keeping
(cd "$work/keeping" && agentctl run --quiet --policy calling --name holder -- \
	sh -c 'echo $OPENAI_API_KEY; sleep 60') >"$work/token" 2>&1 </dev/null &
children="$children $!"
wait_for 30 grep -q agentos- "$work/token" || bail 'there is no token'
for over in chat chat/; do
	asks one "$over:small::$(cat "$work/token")" "$over:small::$secret" "$over:small::-" $over:small
	next "another agent's token is refused, $over" \
		"refused: 403 agentos-gateway: the key is another agent's"
	next 'and so is a key, even the right one' 'refused: 401 agentos-gateway: the key is none of'
	next 'and none' 'refused: 401 agentos-gateway: no key was sent'
	next 'its own is not' 'Hello!'
done
logged "a stolen token is in the log" '"type":"call"' '"agent_name":"one"' token
is 'as often as it was shown, and so is what was no token' \
	"$(grep -c '"why":"token_others"' "$work/log"),$(grep -c '"why":"token"' "$work/log")" 2,4
before=$(wc -l <"$work/keys")
asks poor chat:small
next 'a budget that is too small is told' 'refused: 429 agentos-gateway: the budget of tokens'
is 'and the provider is not asked' "$(wc -l <"$work/keys")" "$before"
asks calling chat:keyless/x chat:elsewhere/x
next 'a key that is not there' 'refused: 503 agentos-gateway: the vault has no key "missing"'
next 'one that is bound to another port of the host' 'refused: 503 agentos-gateway: the key "local" is not bound to'
fails 'is shown to nobody there' test -s "$work/keys.elsewhere"
agentctl vault bind local 127.0.0.1:8090
asks calling chat:elsewhere/x
next 'control: until it is bound to that as well' 'Hello!'
is 'then it is' "$(cat "$work/keys.elsewhere")" "Bearer $secret"
asks quiet "chat:small::$(cat "$work/token")" "chat/:small::$(cat "$work/token")"
next 'who has no rule on models does not reach the gateway' 'error:'
next 'nor its Unix socket' 'error: [Errno 13] Permission denied'
logged 'that is in the log' '"agent_name":"quiet"' '"verdict":"denied"' "$socket" '"port":1018'
asks allowed "chat/:small::$(cat "$work/token")"
next 'rules on Unix sockets do not open it' 'error: [Errno 13] Permission denied'
is 'nor has a token' "$(cd "$work/asking" && agentctl run --quiet --policy quiet -- \
	sh -c 'echo "${OPENAI_API_KEY-none}"' 2>&1)" none
audit_settle
try agentctl policy explain "$(agentctl audit --denied --seq --agent quiet -n 1 | sed -n 's/^#\([0-9]*\) .*/\1/p')"
says 'explain says what it is that was not reached' "That is AgentOS's gateway (127.0.0.1:1018" "$work/out"
says 'and what reaches it' 'to "models" or "egress"' "$work/out"
fails 'not what would open its port alone' grep -q 'connect:' "$work/out"
# Nobody in no agent is served, with whatever token.
try python3 "$work/caller.py" "chat:small::$(cat "$work/token")"
fails 'who is no agent is not served' grep -q Hello "$work/out"
try python3 "$work/caller.py" "chat/:small::$(cat "$work/token")"
says 'nor over the Unix socket' 'refused: 403' "$work/out"
logged 'and both are in the log' '"type":"egress"' '"why":"stranger"'
is 'each, and who would have handed it something' "$(wc -l <"$work/log")" 3

# --- the key is nobody's ---

(cd "$work/asking" && agentctl run --quiet --policy calling -- sh -c \
	'env; cat /proc/self/environ; for f in /etc/agentos/vault.key /var/lib/agentos/vault; do
	 cat "$f"; done; cat /proc/*/environ' >"$work/seen" 2>&1 </dev/null)
fails 'it is in no environment' grep -q "$secret" "$work/seen"
says 'and the vault is not read' 'vault.key: Permission denied' "$work/seen"
secrets='/etc/agentos/vault.key /var/lib/agentos/vault /run/agentos/token.key'
printf 'version: 1\nname: allowing\nextends: trusted\nfiles: {read: [/etc/agentos/vault.key]}\n' \
	>"$work/policies/allowing.yaml"
sed 's/allowing/denying/; s/read:/deny:/' "$work/policies/allowing.yaml" >"$work/policies/denying.yaml"
# shellcheck disable=SC2086 # several words
holds 'control: root reads all that opens it' cat $secrets
for under in '--policy trusted' '--audit-only --policy trusted' '--audit-only --policy denying'; do
	# shellcheck disable=SC2086 # several words
	try agentctl run --quiet $under -- cat /etc/agentos/providers $secrets
	is "an agent of root does not, $under" "$status,$(grep -c 'Permission denied' "$work/err")" 1,3
	is 'but what is beside it' "$(cmp "$work/out" /etc/agentos/providers)" ''
done
try agentctl run --quiet --policy trusted -- agentctl vault list
is 'nor by agentctl' "$status" 1
audit_settle
agentctl audit --denied -n 20 >"$work/denied"
says 'the log says why' 'no agent may touch the keys' "$work/denied"
try agentctl run --policy allowing -- true
refused 'no rule may allow it' 1 'no rule may allow'
before=$(wc -l <"$work/keys")
asks looking chat/:small "search:$backwards" "plant:$backwards" "search:$backwards"
next 'an agent that has just called' 'Hello!'
is '... with the key' "$(tail -n +$((before + 1)) "$work/keys")" "Bearer $secret"
next '... has it neither in its memory nor where it may read' 'found 0 times'
case $(sed -n 3p "$work/answers") in
'found 0 times') not_ok 'control: one that was put there is found' "$work/answers" ;;
*) next 'control: one that was put there is found' 'found ' ;;
esac
agentctl audit --json >"$work/log"
fails 'nor in the log' grep -q "$secret" "$work/log"
dmesg >"$work/dmesg"
mkdir -p "$work/planted"
# Wherever anything of ours writes: the log's own files, what is said on the console, the kernel's.
where="/var/lib/agentos /run/agentos /etc/agentos /var/log $work/agentosd.log $work/dmesg $work/answers
	$work/asking $work/served"
# shellcheck disable=SC2086 # several words
fails 'nor on disk' grep -rqsa "$secret" $where
echo "x${secret}x" >"$work/planted/file"
# shellcheck disable=SC2086 # several words
is 'control: one that was put there is found' "$(grep -rlsa "$secret" $where "$work/planted")" \
	"$work/planted/file"

# --- nor is it in a core dump ---

mkdir -p "$work/cores"
chmod 777 "$work/cores"
pattern=$(cat /proc/sys/kernel/core_pattern)
echo "$work/cores/%p" >/proc/sys/kernel/core_pattern
for signal in SEGV ABRT; do
	asks calling chat:small
	next 'the gateway has the key' 'Hello!'
	gateway=$(pgrep -x agentos-gateway)
	is 'its memory is root'"'"'s' "$(stat -c %u "/proc/$gateway/mem")" 0
	# Nothing else keeps it from leaving one.
	prlimit --pid "$gateway" --core=unlimited
	kill -$signal "$gateway"
	holds "it ends of $signal, and is replaced" wait_for 30 gateway_is_new "$gateway"
	fails 'without a core dump' test -e "$work/cores/$gateway"
done
python3 -c 'import resource, os, sys
resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
text = sys.argv[1][::-1]
os.abort()' "$backwards" >"$work/out" 2>&1
holds 'control: others leave one, with what they have' grep -rqa "$secret" "$work/cores"
rm -rf "$work/cores"
echo "$pattern" >/proc/sys/kernel/core_pattern

# --- it goes on ---

printf 'sk-other' | agentctl vault set local
asks calling chat:small
next 'another key is set' 'Hello!'
gateway=$(pgrep -x agentos-gateway)
kill -9 "$gateway"
holds 'a gateway that is killed is replaced' wait_for 30 gateway_is_new "$gateway"
asks calling chat:small
next 'and models answer' 'Hello!'
is 'with the key that was set last' "$(tail -n 1 "$work/keys")" 'Bearer sk-other'
kill -9 "$daemon"
daemon_start
asks calling chat:small chat/:small
next 'after another agentosd' 'Hello!'
next 'over its Unix socket as well' 'Hello!'

# --- a monitoring system sees it ---

audit_settle
agentctl audit metrics >"$work/metrics"
grep -q 'model_calls_total{agent="calling",.*outcome="answered"' "$work/metrics" || : >"$work/metrics"
says 'metrics have its calls' 'agentos_model_tokens_total{agent="calling",' "$work/metrics"
agentctl audit metrics --listen 127.0.0.1:9464 >"$work/served" 2>&1 </dev/null &
children="$children $!"
holds 'they are served' wait_for 30 curl -sf -o "$work/metrics" http://127.0.0.1:9464/metrics
before=$(grep -c 'agentos_model_calls_total{' "$work/metrics")
asks calling chat:no-such-model
audit_settle
curl -sf -o "$work/metrics" http://127.0.0.1:9464/metrics
is 'and are up to date at each request' \
	"$(($(grep -c 'agentos_model_calls_total{' "$work/metrics") - before))" 1
is 'nothing else is served' \
	"$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:9464/)" 404

stage_end
