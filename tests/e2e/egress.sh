#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Hosts by name, through the gateway: what a policy names is reached, by that name, and nothing else is.
# timeout: 480

# shellcheck disable=SC2317 # what holds and wait_for call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

cp "$BUILD/bin/agentos-gateway" "$bin"
cp "$SRC/tests/e2e/lib/egress.py" "$work/egress.py"
chmod 755 "$bin/agentos-gateway"
chmod 644 "$work/egress.py"

# policy_make NAME [LINE]...: untrusted, which may connect, with these lines below "network:".
policy_make() {
	made=$1
	shift
	{
		printf 'version: 1\nname: %s\nextends: untrusted\nrights: [net-connect]\n' "$made"
		printf 'files: {read: ["%s/egress.py"]}\nnetwork:\n' "$work"
		for line in "$@"; do
			echo "  $line"
		done
	} >"$work/policies/$made.yaml"
}
# asks POLICY VERB ARGUMENT... [, VERB ARGUMENT...]: what a new agent's requests under that
# policy come to, a line each, in $work/answers.
asks() {
	asked_policy=$1
	shift
	workspace_make asking
	(cd "$work/asking" && agentctl run --quiet --policy "$asked_policy" --name "$asked_policy" -- \
		python3 "$work/egress.py" "$@") >"$work/answers" 2>&1 </dev/null
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
gateway_pid() {
	pgrep -x agentos-gateway
}
gateway_is_new() {
	fresh=$(gateway_pid) && [ "$fresh" != "$1" ]
}

# --- the stage: names, and who answers ---

cp /etc/hosts "$work/hosts"
cat >>/etc/hosts <<'END'
127.0.0.5 plain.test secure.test banner.test other.test api.openai.com
169.254.169.254 metadata.test
END
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
	-subj /CN=secure.test -keyout "$work/key.pem" -out "$work/certificate.pem" 2>/dev/null
python3 "$work/egress.py" serve "$work/certificate.pem" "$work/key.pem" >"$work/serve.log" 2>&1 &
children="$children $!"
wait_for 30 grep -q serving "$work/serve.log" || bail 'nobody serves'

policy_make web 'egress: ["plain.test:8080", "secure.test:8443", "unknown.test:8443", "metadata.test:8443"]' \
	'egress-any: ["banner.test:2200"]' 'egress-private: [127.0.0.0/8]'
policy_make public 'egress: ["secure.test:8443", "*.openai.com:8443"]'
policy_make models 'egress: ["secure.test:8443", "*.openai.com:8443"]' \
	'egress-providers: ["api.openai.com:8443"]' 'egress-private: [127.0.0.0/8]'
policy_make cheap 'egress: ["secure.test:8443", "*.openai.com:8443"]' \
	'egress-private: [127.0.0.0/8]'
policy_make traps 'egress: ["*.test:8443"]' 'egress-deny: ["other.test:8443"]' \
	'egress-watch: ["secure.test:8443"]' 'egress-kill: ["unknown.test:8443"]' \
	'egress-private: [127.0.0.0/8]'
policy_make alone 'connect: ["127.0.0.5:8080"]'

module_load
daemon_start
holds 'without a policy that names hosts there is no gateway' sh -c '! pgrep -x agentos-gateway'

# --- what the policy names is reached ---

asks web plain plain.test 8080 , tls secure.test 8443 , raw banner.test 2200 , \
	tls SECURE.test 8443
next 'a plain request' '127.0.0.5 plain.test:8080 /page'
[ $failures -eq 0 ] || bail 'the gateway does not serve'
next 'a tunnel with TLS in it' '127.0.0.5 secure.test /page'
next 'a tunnel in which the server speaks first' 'banner of 127.0.0.5'
next 'names have no case' '127.0.0.5 SECURE.test /page'
logged 'a connection is in the log, with what it was pinned to' '"host":"secure.test"' \
	'"address":"127.0.0.5"' '"agent_name":"web"'
is 'curl finds the proxy by itself' \
	"$(cd "$work/asking" && agentctl run --quiet --policy web -- \
		curl -sk https://secure.test:8443/curl 2>&1)" '127.0.0.5 secure.test:8443 /curl'

# --- and nothing else ---

asks web direct 127.0.0.5 8080 , tls other.test 8443 , tls secure.test 2200 , \
	tls 127.0.0.5 8443 , tls 0x7f.5 8443 , tls secure.test 8443 other.test , \
	raw secure.test 8443 'GET / HTTP/1.1' , plain other.test 8080 , tls unknown.test 8443 , \
	tls metadata.test 8443 , tls secure.test 8443
next 'not around the gateway' 'error: EACCES'
next 'another name for the same address' 'refused: 403'
next 'another port' 'refused: 403'
next 'an address' 'refused: 403'
next 'an address in disguise' 'refused: 403'
next 'another server than the tunnel, in TLS' 'error:'
next 'what is not TLS' nothing
next 'a plain request to where there is no rule' 'refused: 403'
next 'a name that stands for no address' 'refused: 50'
next 'a cloud that tells its secrets' 'refused: 403'
next 'and the same agent gets through where it may' '127.0.0.5 secure.test /page'
logged 'a refusal is in the log' '"host":"other.test"' '"agent_name":"web"'
logged 'and why' '"host":"secure.test"' server_name

asks public tls secure.test 8443
next 'a private address, unless the policy says so' 'refused: 403'
asks cheap tls api.openai.com 8443 , tls secure.test 8443
next 'a provider of models, by a pattern' 'refused: 403'
next 'and other hosts under the same policy are reached' 127.0.0.5
asks models tls api.openai.com 8443
next 'a provider, where the policy says so' '127.0.0.5 api.openai.com /page'
asks alone tls secure.test 8443 , direct 127.0.0.5 8080
next 'an agent whose policy names no hosts' 'error: EACCES'
next 'which reaches the address that its policy names' connected
python3 "$work/egress.py" tls secure.test 8443 >"$work/answers"
answer=0
next 'somebody who is no agent' 'refused: 403'

# --- the agent is told ---

# shellcheck disable=SC2016 # the agent's shell
(cd "$work/asking" && agentctl run --quiet --policy web --name told -- sh -c \
	'python3 "$1" tls other.test 8443; sleep 2; cat "$AGENTOS_DENIALS"' sh "$work/egress.py") \
	>"$work/told" 2>&1
says 'it can read why' other.test "$work/told"

# --- the gateway's own life ---

holds 'it runs' gateway_pid
pid=$(gateway_pid)
is 'not as root' "$(awk '$1 == "Uid:" { print $2 == 0 }' "/proc/$pid/status")" 0
is 'without capabilities' "$(awk '$1 ~ /^Cap(Prm|Eff|Amb)/ { print $2 }' "/proc/$pid/status" |
	sort -u)" 0000000000000000
is 'and gains none' "$(awk '$1 == "NoNewPrivs:" { print $2 }' "/proc/$pid/status")" 1
holds 'it is an agent' sh -c "agentctl ps | awk '\$2 == \"gateway\" { found = 1 } END { exit !found }'"
kill -9 "$pid"
holds 'killed, it is started again' wait_for 20 gateway_is_new "$pid"
asks web tls secure.test 8443
next 'and serves' '127.0.0.5 secure.test /page'

# One that goes on while agentosd does not.
mkfifo "$work/go"
chmod 666 "$work/go"
policy_make lasting 'egress: ["secure.test:8443"]' 'egress-private: [127.0.0.0/8]'
sed -i "s|egress.py\"|egress.py\", \"$work/go\"|" "$work/policies/lasting.yaml"
policy=lasting
# shellcheck disable=SC2016 # the agent's shell
agent_start lasting sh -c 'read -r _ <"$2"; exec python3 "$1" tls secure.test 8443' sh \
	"$work/egress.py" "$work/go"
wait_for 30 agent_lives lasting
daemon_end KILL
daemon_start
# shellcheck disable=SC2016 # that shell's
timeout 30 sh -c 'echo >"$1"' sh "$work/go" || bail 'the agent does not read'
agent_wait
is 'the next agentosd knows the rules of who still runs' "$(cat "$work/lasting.out")" \
	'127.0.0.5 secure.test /page'
policy=untrusted

# --- audit-only: let through, and told ---

is 'who is only audited gets through' "$(cd "$work/asking" && agentctl run --quiet --audit-only \
	--policy web --name watched -- python3 "$work/egress.py" tls other.test 8443 2>/dev/null)" \
	'127.0.0.5 other.test /page'
logged 'and it is in the log' '"host":"other.test"' '"agent_name":"watched"'

# --- what a rule names to be denied, watched, or killed for ---

asks traps tls other.test 8443 , tls secure.test 8443
next 'a name that is denied, below one that is allowed' 'refused: 403'
next 'a name that is watched is reached' '127.0.0.5 secure.test /page'
logged 'and recorded like a denial' '"host":"secure.test"' '"agent_name":"traps"' would_deny
seq=$(sed -n '1s/.*"seq":\([0-9]*\).*/\1/p' "$work/log")
agentctl policy explain "$seq" >"$work/out" 2>&1
says 'explain names its line' 'traps.yaml:' "$work/out"
says 'and says that it was done' 'It was done, and is recorded' "$work/out"
logged 'the denial is in the log' '"host":"other.test"' '"agent_name":"traps"' '"why":"denied"'
seq=$(sed -n '1s/.*"seq":\([0-9]*\).*/\1/p' "$work/log")
agentctl policy explain "$seq" >"$work/out" 2>&1
says 'which line must go' 'To allow it, take that line out.' "$work/out"
# trapped NAME OPTION...: asks for what kills, and goes on if it can.
trapped() {
	name=$1
	shift
	# shellcheck disable=SC2016 # the agent's shell
	(cd "$work/asking" && exec agentctl run --quiet --policy traps --name "$name" "$@" -- sh -c \
		'python3 "$1" tls unknown.test 8443; sleep 5; echo survived' sh "$work/egress.py") \
		>"$work/$name.out" 2>&1 </dev/null
}
status=0
trapped caught || status=$?
is 'who asks for what kills is killed, with all of the agent' "$status" 137
fails 'and does nothing more' grep -q survived "$work/caught.out"
logged 'the log has what it asked for' '"host":"unknown.test"' '"agent_name":"caught"' '"why":"killed"'
logged 'and why it ended' '"agent_name":"caught"' '"exit"' '"reason":"policy"'
status=0
trapped spared --audit-only || status=$?
is 'who is only audited is not killed' "$status" 0
says 'but goes on' survived "$work/spared.out"
asks traps tls secure.test 8443
next 'and others under that policy neither' '127.0.0.5 secure.test /page'

# --- all that time the gateway needed nothing that its own policy does not give ---

agentctl audit --agent gateway >"$work/log"
says 'control: the log knows the gateway' 'started as process' "$work/log"
grep -E 'DENIED|PASSED|LOST' "$work/log" >"$work/denied"
fails 'the gateway itself was refused nothing' test -s "$work/denied"
[ ! -s "$work/denied" ] || sed 's/^/# /' "$work/denied"

daemon_stop
is 'agentosd ends in spite of its gateway' "$status" 0
holds 'and leaves none' sh -c '! pgrep -x agentos-gateway'
wait_for 20 counters_zero
is 'nothing is left' "$(counters)" '0 0 0 0'
cat "$work/hosts" >/etc/hosts
module_unload
stage_end
