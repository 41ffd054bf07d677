# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2034 # what it sets is for the tests
# The stage of the end-to-end tests: sourced first by each, it prints TAP 13 and starts and stops things.
#
# Programs and policies are copied to $work, which everyone may read: the source tree may be
# in a directory that demo and agentu cannot enter.  Whatever a test leaves running or pinned
# is ended by stage_end, which is also where the plan is printed: a test that dies has none.

: "${SRC:?}" "${BUILD:?}" "${KMOD:?}"
work=$(pwd -P)/stage
bin=$work/bin
pins=/sys/fs/bpf/agentos
audit_dir=/var/lib/agentos/audit
control=/run/agentos/control.sock
daemon=
points=0
failures=0
children=

mkdir -p "$bin" "$work/policies"
chmod 755 "$work" "$bin" "$work/policies"
cp "$BUILD/bin/agentctl" "$BUILD/bin/agentosd" "$BUILD/tests/kernel/prog/counters" \
	"$BUILD/tests/kernel/prog/refuse" "$BUILD/tests/kernel/prog/undrain" "$bin"
cp "$SRC"/runtime/policy/profiles/*.yaml "$work/policies"
chmod 755 "$bin"/*
chmod 644 "$work/policies"/*
PATH=$bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH AGENTOS_POLICY_PATH="$work/policies"
unset AGENTOS_AUDIT_DIR AGENTOS_CONTROL

echo 'TAP version 13'

# Never on a machine that someone uses: modules, mounts and logs come and go here.
if [ ! -d /run/vm ]; then
	echo 'Bail out! this runs in the test machine only; see tests/run --help'
	exit 1
fi
# An earlier test's log is not ours to judge.
rm -rf /var/lib/agentos

# --- points ---

ok() {
	points=$((points + 1))
	echo "ok $points - $1"
}

# not_ok NAME [FILE]...: what is in the files are the diagnostics.
not_ok() {
	points=$((points + 1))
	failures=$((failures + 1))
	echo "not ok $points - $1"
	shift
	for file in "$@"; do
		[ -s "$file" ] || continue
		head -c 4000 "$file" | tr -c '[:print:]\n' '?' | head -n 40 | sed 's/^/#   /'
		echo
	done
}

# skip NAME REASON
skip() {
	points=$((points + 1))
	echo "ok $points - $1 # SKIP $2"
}

# is NAME GOT EXPECTED
is() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		printf 'got "%s", expected "%s"\n' "$2" "$3" >"$work/why"
		not_ok "$1" "$work/why" "$work/out" "$work/err"
	fi
}

# holds NAME COMMAND...: the command's status is the verdict, its output the diagnostics.
holds() {
	name=$1
	shift
	if "$@" >"$work/said" 2>&1; then
		ok "$name"
	else
		not_ok "$name" "$work/said"
	fi
}

# fails NAME COMMAND...: as holds, the other way round.
fails() {
	name=$1
	shift
	if "$@" >"$work/said" 2>&1; then
		not_ok "$name" "$work/said"
	else
		ok "$name"
	fi
}

# says NAME TEXT FILE: the fixed text is somewhere in the file.
says() {
	if grep -qF -e "$2" "$3"; then
		ok "$1"
	else
		printf 'expected to find: %s\n' "$2" >"$work/why"
		not_ok "$1" "$work/why" "$3"
	fi
}

# try COMMAND...: leaves its output in $work/out and $work/err, its status in $status.
try() {
	status=0
	"$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
}

# refused NAME STATUS TEXT: what was tried ended so, with one line that has the text.
refused() {
	lines=$(wc -l <"$work/err")
	if [ "$status" = "$2" ] && [ "$lines" = 1 ] && grep -qF -e "$3" "$work/err"; then
		ok "$1"
	else
		printf 'status %s, %s lines; expected status %s, one line with: %s\n' \
			"$status" "$lines" "$2" "$3" >"$work/why"
		not_ok "$1" "$work/why" "$work/err"
	fi
}

# wait_for SECONDS COMMAND...: until the command succeeds; its status if it never does.
# A bound against hanging, not an assertion about time.
wait_for() {
	tries=$(($1 * 10))
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

# --- users ---

# as USER COMMAND...
as() {
	user=$1
	shift
	HOME=/home/$user USER=$user LOGNAME=$user setpriv --reuid "$user" --regid "$user" \
		--init-groups -- "$@"
}

# --- module and daemon ---

module_load() {
	insmod "$KMOD" || bail 'the module cannot be loaded'
}

module_unload() {
	rmmod agentos
}

# "agents tasks policies pins", as the module counts them.
counters() {
	"$bin/counters"
}

counters_zero() {
	[ "$(counters)" = "0 0 0 0" ]
}

audit_dir_make() {
	mkdir -p /var/lib/agentos
	install -d -g agentos -m 750 "$audit_dir"
}

daemon_answers() {
	kill -0 "$daemon" 2>/dev/null || return 0
	[ -S $control ] && agentctl doctor --json | grep -q "runs as pid $daemon\""
}

# Starts agentosd and waits until it answers.  Its messages are in $work/agentosd.log.
daemon_start() {
	audit_dir_make
	agentosd >"$work/agentosd.log" 2>&1 </dev/null &
	daemon=$!
	wait_for 60 daemon_answers || bail 'agentosd does not answer'
	kill -0 $daemon 2>/dev/null || bail 'agentosd did not start'
}

# daemon_end SIGNAL: leaves its exit status in $status.
daemon_end() {
	[ -n "$daemon" ] || return 0
	kill "-$1" "$daemon" 2>/dev/null
	status=0
	# A stopped process ends of SIGKILL alone.
	wait "$daemon" 2>/dev/null || status=$?
	daemon=
}

daemon_stop() {
	daemon_end TERM
}

# Waits until what the kernel has recorded is in the log: the daemon writes it within moments,
# and two looks at the same end mean that it has.
audit_settle() {
	audit_before=
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		audit_now=$(stat -c %s "$audit_dir"/* | tr '\n' ' ')
		[ "$audit_now" != "$audit_before" ] || return 0
		audit_before=$audit_now
		sleep 1.2
	done
}

# --- agents ---

# agent_start NAME COMMAND...: in the background, under $policy (untrusted), in a workspace of
# its own, $work/NAME; its process is $agent.
policy=untrusted
agent_start() {
	name=$1
	shift
	workspace_make "$name"
	(cd "$work/$name" && exec agentctl run --policy "$policy" --name "$name" -- "$@") \
		>"$work/$name.out" 2>&1 </dev/null &
	agent=$!
	children="$children $agent"
}

# The programs of $bin are within reach of an agent only as copies in its workspace.
workspace_make() {
	mkdir -p "$work/$1"
	chmod 755 "$work/$1"
	[ -e "$work/$1/refuse" ] || cp "$bin/refuse" "$work/$1"
}

# agent_wait: the exit status of $agent is then in $status.
agent_wait() {
	status=0
	wait "$agent" || status=$?
}

# True if the agent is there and has not ended.
agent_lives() {
	agentctl ps | awk -v name="$1" '$2 == name && $3 == "running" { found = 1 } END { exit !found }'
}

# --- the end ---

bail() {
	echo "Bail out! $1"
	[ ! -s "$work/agentosd.log" ] || sed 's/^/#   /' "$work/agentosd.log"
	failures=1
	clean_up
	exit 1
}

clean_up() {
	for pid in $children; do
		kill -9 "$pid" 2>/dev/null
	done
	if [ -n "$daemon" ]; then
		kill -CONT "$daemon" 2>/dev/null
		daemon_stop
	fi
}

# stage_end: the plan, and an exit status that says whether all was well.
stage_end() {
	clean_up
	echo "1..$points"
	[ $failures -eq 0 ]
	exit
}
