# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Real work under a shipped policy, as user demo, and what of it was refused; sourced after stage.sh.
#
# Programs that no Debian package brings come from scripts/deps, in the cache of which they
# were put before the machine started: it has no network.

: "${AGENTOS_CACHE:?}" "${work:?}"
workloads=$AGENTOS_CACHE/workloads/current
programs=/opt/workloads
profile=
worked=
status=0
unasked="$work/unasked"
: >"$unasked"

[ -e "$workloads/npm/node_modules" ] || bail 'there are no workloads; run scripts/deps workloads'
for tool in node npm dpkg-source strace; do
	command -v $tool >"$work/said" || bail "there is no $tool; run scripts/deps workloads"
done

# As installed programs are: below /opt, where policies let agents read.
programs_mount() {
	mkdir -p $programs
	mount --bind "$workloads/npm" $programs || bail 'the workloads cannot be mounted'
}

programs_unmount() {
	umount $programs
}

# outside COMMAND...: demo, without any policy, as a control.
outside() {
	as demo "$@"
}

# work NAME COMMAND...: must do well as agent NAME under $profile, here. What it may be refused
# is said with unasked_but.
work() {
	doing=$1
	shift
	worked="$worked $doing"
	try as demo agentctl run --quiet --policy "$profile" --name "$doing" -- "$@"
	is "$doing: does well under $profile" "$status" 0
}

# unasked_but NAME TEXT: a denial of agent NAME with this text in it is expected; say why. Numbers
# of processes are left out of it: "ps[] may not ...".
unasked_but() {
	printf '%s\t%s\n' "$1" "$2" >>"$unasked"
}

# No agent that worked was refused anything but what was expected, and that it was.
nothing_was_refused() {
	audit_settle
	for doing in $worked; do
		agentctl audit --agent "$doing" >"$work/all"
		holds "$doing: the log knows it" test -s "$work/all"
		agentctl audit --denied --agent "$doing" | grep -E 'DENIED|lost' |
			sed 's/\[[0-9]*\]/[]/g' >"$work/denied"
		sed -n "s/^$doing	//p" "$unasked" >"$work/expected"
		if [ -s "$work/expected" ]; then
			grep -vF -f "$work/expected" "$work/denied" >"$work/others"
		else
			cp "$work/denied" "$work/others"
		fi
		if [ -s "$work/others" ]; then
			not_ok "$doing: nothing was refused" "$work/others"
		else
			ok "$doing: nothing was refused"
		fi
		while read -r text; do
			says "$doing: but what was expected to be" "$text" "$work/denied"
		done <"$work/expected"
	done
}

# is_refused NAME TEXT COMMAND...: as an agent under $profile it fails, and the log tells so in a
# line with this text in it; as the same user outside it works.
refusals="$work/refusals"
: >"$refusals"
is_refused() {
	name=$1
	text=$2
	shift 2
	try as demo agentctl run --quiet --policy "$profile" --name "limits-$profile" -- "$@"
	inside=$status
	try outside "$@"
	is "$profile: $name is refused; outside it works" \
		"$([ "$inside" != 0 ] && echo refused):$status" refused:0
	printf '%s\t%s\n' "limits-$profile" "$text" >>"$refusals"
}

# Each of these refusals is in the log.
refusals_are_logged() {
	audit_settle
	while IFS='	' read -r agent text; do
		agentctl audit --denied --agent "$agent" >"$work/denied"
		says "$agent: the log has \"$text\"" "$text" "$work/denied"
	done <"$refusals"
}

# listen ADDRESS PORT: somebody outside who takes connections and answers HTTP.
listen() {
	python3 -m http.server --bind "$1" "$2" >/dev/null 2>&1 </dev/null &
	children="$children $!"
	wait_for 30 sh -c "ss -Hltn 'src $1:$2' | grep -q ."
}
