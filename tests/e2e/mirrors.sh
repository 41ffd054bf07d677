#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Shipped policies that name hosts: curl, pip and npm reach what these list, through the gateway, and nothing else.
# timeout: 900

# shellcheck disable=SC2317 # what holds and wait_for call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"
# shellcheck source=tests/e2e/lib/work.sh
. "$SRC/tests/e2e/lib/work.sh"

cp "$BUILD/bin/agentos-gateway" "$bin"
chmod 755 "$bin/agentos-gateway"

# --- the stage: these hosts are here, at an address that is a public one for all that is known of it ---

address=1.2.3.4
project=/home/demo/mirrored
cp /etc/hosts "$work/hosts"
ip address add $address/32 dev lo
# listed WORD: the hosts that coding-agent lists below the comment that begins with it.
listed() {
	sed -n "/^    # $1/,/^    #/s/^    - //p" "$work/policies/coding-agent.yaml"
}
index=$(listed Python | sed -n 1p)
files=$(listed Python | sed -n 2p)
registry=$(listed Node.js | sed -n 1p)
debian=$(listed Debian | sed -n '1s/:80$//p')
provider=api.anthropic.com
for name in "$index" "$files" "$registry" "$debian"; do
	[ -n "$name" ] || bail 'the policy lists other hosts now'
done
names="$index $files $registry $debian arxiv.org other.test $provider"
echo "$address $names" >>/etc/hosts
alternatives=IP:$address
for name in $names; do
	alternatives=$alternatives,DNS:$name
done
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
	-subj /CN=mirror -addext "subjectAltName=$alternatives" \
	-keyout "$work/key.pem" -out "$work/certificate.pem" 2>/dev/null
python3 "$SRC/tests/e2e/lib/mirror.py" fill "$work/mirror" "$index" "$files" "$registry" \
	"$index" "$debian" arxiv.org $provider $address
python3 "$SRC/tests/e2e/lib/mirror.py" serve "$work/mirror" "$work/certificate.pem" "$work/key.pem" \
	>"$work/serve.log" 2>&1 &
children="$children $!"
wait_for 30 grep -q serving "$work/serve.log" || bail 'nobody serves'
as demo mkdir -m 700 $project
cd $project || exit 1
# Everybody here trusts this one; that is what the tools are told.
install -o demo -m 644 "$work/certificate.pem" trust.pem

module_load
daemon_start

get() {
	echo "curl -sSf --cacert $project/trust.pem"
}
pip_install() {
	echo "pip --cert $project/trust.pem --disable-pip-version-check --no-cache-dir --retries 0 install --upgrade"
}
npm_install() {
	echo "npm install --cafile $project/trust.pem --fetch-retries 0 --no-save"
}

# --- coding-agent: package registries ---

profile=coding-agent
# shellcheck disable=SC2046 # words
work page $(get) "https://$index/page"
is 'coding-agent: curl gets a page of a mirror' "$(cat "$work/out")" "page of $index"
[ $failures -eq 0 ] || bail 'the gateway does not serve'
audit_settle
agentctl audit --agent page >"$work/log"
says 'coding-agent: by a tunnel of the gateway, at that address' \
	"may reach $index port 443 at $address by a tunnel" "$work/log"
# shellcheck disable=SC2046
work plain $(get) "http://$debian/page"
is 'coding-agent: and one without TLS where the list has port 80' "$(cat "$work/out")" \
	"page of $debian"
if command -v pip >"$work/said"; then
	work pip sh -ec "$(pip_install) --target lib demo && PYTHONPATH=lib python3 -m demo"
	says 'coding-agent: pip installs a package, which runs' 'demo of the mirror' "$work/out"
	is_refused 'pip from another index' 'other.test' \
		sh -ec "$(pip_install) --target else --index-url https://other.test/simple demo"
else
	skip 'coding-agent: pip' 'there is no pip'
fi
as demo mkdir app left
# shellcheck disable=SC2016 # the agent's shell
work npm sh -ec 'cd app && '"$(npm_install)"' left && node -e "require(\"left\")"'
says 'coding-agent: npm installs a package, which runs' 'left of the mirror' "$work/out"
is_refused 'npm from another registry' 'other.test' \
	sh -ec "cd left && $(npm_install) --registry https://other.test/ left"
# shellcheck disable=SC2046
is_refused 'another host' 'other.test' $(get) https://other.test/page
# shellcheck disable=SC2046
is_refused 'a mirror without TLS' "$index port 80" $(get) "http://$index/page"
# shellcheck disable=SC2046
is_refused 'the same address by its number' "$address port 443" $(get) https://$address/page
# shellcheck disable=SC2046
is_refused 'past the gateway' "connect to $address port 443" $(get) --noproxy '*' "https://$index/page"
# shellcheck disable=SC2046
is_refused 'a provider of models' "$provider" $(get) https://$provider/page

# --- research: sites ---

profile=research
# shellcheck disable=SC2046
work paper $(get) -o out/paper https://arxiv.org/page
is 'research: curl gets a paper' "$(cat out/paper)" 'page of arxiv.org'
# shellcheck disable=SC2046
is_refused 'a host that is not listed' 'other.test' $(get) https://other.test/page
# shellcheck disable=SC2046
is_refused 'a registry, which it has no use for' "$index" $(get) "https://$index/page"
# shellcheck disable=SC2046
is_refused 'past the gateway' "connect to $address port 443" $(get) --noproxy '*' https://arxiv.org/page

nothing_was_refused
refusals_are_logged
cd "$work" || exit 1
rm -rf $project /home/demo/.npm
cat "$work/hosts" >/etc/hosts
ip address del $address/32 dev lo
daemon_stop
module_unload
stage_end
