#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Hosts by name, through the gateway: what a policy names is reached, by that name, and nothing else is.
# timeout: 900

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
# asks POLICY VERB ARGUMENT...: what a new agent's request under that policy comes to.
asks() {
	asked_policy=$1
	shift
	workspace_make asking
	(cd "$work/asking" && agentctl run --quiet --policy "$asked_policy" --name "$asked_policy" -- \
		python3 "$work/egress.py" "$@") 2>&1 </dev/null
}
# begins NAME GOT TEXT
begins() {
	case $2 in
	"$3"*) ok "$1" ;;
	*) is "$1" "$2" "$3" ;;
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
policy_make alone 'connect: ["127.0.0.5:8080"]'

module_load
daemon_start
holds 'without a policy that names hosts there is no gateway' sh -c '! pgrep -x agentos-gateway'

# --- what the policy names is reached ---

is 'a plain request' "$(asks web plain plain.test 8080)" '127.0.0.5 plain.test:8080 /page'
[ $failures -eq 0 ] || bail 'the gateway does not serve'
is 'a tunnel with TLS in it' "$(asks web tls secure.test 8443)" '127.0.0.5 secure.test /page'
is 'a tunnel in which the server speaks first' "$(asks web raw banner.test 2200)" \
	'banner of 127.0.0.5'
is 'names have no case' "$(asks web tls SECURE.test 8443)" '127.0.0.5 SECURE.test /page'
logged 'a connection is in the log, with what it was pinned to' '"host":"secure.test"' \
	'"address":"127.0.0.5"' '"agent_name":"web"'
is 'curl finds the proxy by itself' \
	"$(cd "$work/asking" && agentctl run --quiet --policy web -- \
		curl -sk https://secure.test:8443/curl 2>&1)" '127.0.0.5 secure.test:8443 /curl'

# --- and nothing else ---

is 'not around the gateway' "$(asks web direct 127.0.0.5 8080)" 'error: EACCES'
is 'which another policy may' "$(asks alone direct 127.0.0.5 8080)" connected
begins 'another name for the same address' "$(asks web tls other.test 8443)" 'refused: 403'
logged 'a refusal is in the log' '"host":"other.test"' '"agent_name":"web"'
begins 'another port' "$(asks web tls secure.test 2200)" 'refused: 403'
begins 'an address' "$(asks web tls 127.0.0.5 8443)" 'refused: 403'
begins 'an address in disguise' "$(asks web tls 0x7f.5 8443)" 'refused: 403'
begins 'another server than the tunnel, in TLS' \
	"$(asks web tls secure.test 8443 other.test)" 'error:'
logged 'which the log says' '"host":"secure.test"' server_name
begins 'what is not TLS' "$(asks web raw secure.test 8443 'GET / HTTP/1.1')" nothing
begins 'a plain request to where there is no rule' "$(asks web plain other.test 8080)" \
	'refused: 403'
begins 'a name that stands for no address' "$(asks web tls unknown.test 8443)" 'refused: 50'
begins 'a cloud that tells its secrets' "$(asks web tls metadata.test 8443)" 'refused: 403'
begins 'a private address, unless the policy says so' "$(asks public tls secure.test 8443)" \
	'refused: 403'
begins 'a provider of models, by a pattern' "$(asks cheap tls api.openai.com 8443)" 'refused: 403'
begins 'and other hosts under the same policy are reached' "$(asks cheap tls secure.test 8443)" \
	127.0.0.5
is 'a provider, where the policy says so' "$(asks models tls api.openai.com 8443)" \
	'127.0.0.5 api.openai.com /page'
begins 'an agent whose policy names no hosts' "$(asks alone tls secure.test 8443)" 'error: EACCES'
begins 'somebody who is no agent' "$(python3 "$work/egress.py" tls secure.test 8443)" \
	'refused: 403'

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
is 'and serves' "$(asks web tls secure.test 8443)" '127.0.0.5 secure.test /page'

# One that goes on while agentosd does not.
mkfifo "$work/go"
chmod 666 "$work/go"
policy_make lasting 'egress: ["secure.test:8443"]' 'egress-private: [127.0.0.0/8]'
sed -i "s|files: {|files: {write: [\"$work/go\"], |" "$work/policies/lasting.yaml"
policy=lasting
# shellcheck disable=SC2016 # the agent's shell
agent_start lasting sh -c 'read -r _ <"$2"; exec python3 "$1" tls secure.test 8443' sh \
	"$work/egress.py" "$work/go"
wait_for 30 agent_lives lasting
daemon_end KILL
daemon_start
echo >"$work/go"
agent_wait
is 'the next agentosd knows the rules of who still runs' "$(cat "$work/lasting.out")" \
	'127.0.0.5 secure.test /page'
policy=untrusted

# --- audit-only: let through, and told ---

is 'who is only audited gets through' "$(cd "$work/asking" && agentctl run --quiet --audit-only \
	--policy web --name watched -- python3 "$work/egress.py" tls other.test 8443 2>&1)" \
	'127.0.0.5 other.test /page'
logged 'and it is in the log' '"host":"other.test"' '"agent_name":"watched"'

daemon_stop
is 'agentosd ends in spite of its gateway' "$status" 0
holds 'and leaves none' sh -c '! pgrep -x agentos-gateway'
wait_for 20 counters_zero
is 'nothing is left' "$(counters)" '0 0 0 0'
cat "$work/hosts" >/etc/hosts
module_unload
stage_end
