#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Limits, budgets and schedule of a policy: there from the first instruction, held to, exchanged, and gone at the end.
# timeout: 600

# shellcheck disable=SC2317 # what holds and wait_for call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

tree=/sys/fs/cgroup
ours=$tree/agentos

# policy_make NAME [LINE]...: untrusted, with these lines at its end.
policy_make() {
	made=$1
	shift
	sed "s/^name: .*/name: $made/" "$work/policies/untrusted.yaml" >"$work/policies/$made.yaml"
	for line in "$@"; do
		echo "$line" >>"$work/policies/$made.yaml"
	done
}
field() {
	agentctl show --json "$1" | sed "s/.*\"$2\":\"*\([^,\"}]*\).*/\1/"
}
# setting NAME FILE: what the agent's cgroup has in it.
setting() {
	cat "$ours/$(field "$1" id)/$2"
}
cgroup_of() {
	sed -n 's/^0:://p' "/proc/$1/cgroup"
}
no_cgroups() {
	[ ! -e "$ours" ]
}
has_pids() {
	grep -qw pids "$tree/cgroup.controllers"
}
# starts NAME POLICY COMMAND...: and it lives.
starts() {
	started=$1
	policy=$2
	shift 2
	agent_start "$started" "$@"
	holds "$started: it runs" wait_for 30 agent_lives "$started"
}
ends() {
	agentctl kill "$1" >/dev/null
	agent_wait
}

cat >"$work/hog.py" <<'END'
import sys
hoard = []
for _ in range(int(sys.argv[1])):
    hoard.append(bytes([1]) * (1 << 20))
print("has", len(hoard))
END
cat >"$work/bomb.py" <<'END'
import errno, os, sys, time
for count in range(int(sys.argv[1])):
    try:
        pid = os.fork()
    except OSError as error:
        print(count, errno.errorcode[error.errno])
        break
    if pid == 0:
        time.sleep(1000)
else:
    print("all")
END
chmod 644 "$work"/*.py

module_load

# --- a limit that nothing enforces is refused ---

policy_make many 'limits: {processes: 20}'
policy_make plain
mkdir /run/v1
mount -t cgroup -o pids pids /run/v1
fails 'the controller is elsewhere' has_pids
daemon_start
try agentctl run --policy many --name many -- echo ran
refused 'without the controller the run is refused, naming both' 1 \
	'limits.processes cannot be enforced: this machine has no cgroup v2 controller "pids"'
is 'nothing was run' "$(cat "$work/out")" ''
holds 'nothing was made' no_cgroups
try agentctl run --policy plain --name plain -- echo ran
is 'control: without limits it runs' "$(cat "$work/out")" ran
umount /run/v1
holds 'the controller comes back' wait_for 60 has_pids

# --- processes ---

workspace_make fork
cp "$work/bomb.py" "$work/hog.py" "$work/fork"
cd "$work/fork" || exit 1
try timeout 60 agentctl run --policy many --name bomb -- python3 bomb.py 100
said=$(cat "$work/out")
is 'a fork bomb stops at the limit' "${said#* }" EAGAIN
holds 'which is 20' test "${said%% *}" -ge 15 -a "${said%% *}" -le 19
agentctl kill bomb >/dev/null 2>&1
try timeout 60 agentctl run --policy plain --name free -- python3 bomb.py 100
is 'control: without it all are made' "$(cat "$work/out")" all
agentctl kill free >/dev/null 2>&1
holds 'the machine lives' true

# --- memory ---

policy_make small 'limits:' '  memory: 64MiB'
try timeout 100 agentctl run --policy small --name hog -- python3 hog.py 200
is 'who takes more memory is killed' "$status" 137
is 'before it has it' "$(cat "$work/out")" ''
try timeout 100 agentctl run --policy plain --name thrifty -- python3 hog.py 200
is 'control: without the limit it has it' "$(cat "$work/out")" 'has 200'
try timeout 100 agentctl run --policy small --name thrifty -- python3 hog.py 10
is 'control: and with it, within' "$(cat "$work/out")" 'has 10'
try timeout 100 agentctl run --policy small --name family -- \
	sh -c 'sleep 1000 & python3 hog.py 200; echo survived'
is 'all of the agent is killed' "$status" 137
is 'and nothing of it goes on' "$(cat "$work/out")" ''
audit_settle
agentctl audit --agent hog >"$work/log"
says 'the log tells how it ended' 'SIGKILL' "$work/log"
holds 'what ended leaves no cgroup' wait_for 30 no_cgroups

# --- what is set ---

policy_make all 'limits:' '  memory: 2G' '  processes: 200' '  cpu: 150%'
starts set all sleep 1000
is 'memory' "$(setting set memory.max)" 1999998976
is 'no swap instead' "$(setting set memory.swap.max)" 0
is 'killed as one' "$(setting set memory.oom.group)" 1
is 'processes' "$(setting set pids.max)" 200
is 'processor time' "$(setting set cpu.max)" '150000 100000'
is 'it is in its cgroup' "$(cgroup_of $agent)" "/agentos/$(field set id)"
is 'this test is not' "$(cgroup_of $$)" /
try agentctl policy check all
says 'policy check tells limits' 'limits: memory 2G, processes 200, cpu 150%' "$work/out"
(cd "$work/set" && exec agentctl spawn --under set --name outsider --rights file-read,file-exec -- \
	sleep 1000) >"$work/outsider.out" 2>&1 </dev/null &
outsider=$!
children="$children $outsider"
holds 'one from outside joins a sub-agent' wait_for 30 agent_lives set.outsider
is 'and its cgroup' "$(cgroup_of $outsider)" "/agentos/$(field set id)"
ends set
wait $outsider
holds 'both end, and so does the cgroup' wait_for 30 no_cgroups
if grep -qw io $tree/cgroup.controllers; then
	policy_make weighed 'limits: {io-weight: 50}'
	starts weighed weighed sleep 1000
	is 'weight' "$(setting weighed io.weight)" 'default 50'
	ends weighed
else
	skip 'weight' 'this kernel has no controller io'
fi

# --- a share of a disk: a slow one, which takes one command at a time ---

cat >"$work/reader.py" <<'END'
# Reads from the disk ARG1, from ARG2 MiB on, until the file `stop` is there; says how often.
# By several threads, so that the disk has always something to do for it.
import mmap, os, sys, threading
fd = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECT)
counts = [0] * 4
def read(thread):
    buffer, at = mmap.mmap(-1, 4096), int(sys.argv[2]) + 8 * thread << 20
    while not os.path.exists("stop"):
        os.preadv(fd, [buffer], at + counts[thread] % 2048 * 4096)
        counts[thread] += 1
threads = [threading.Thread(target=read, args=(thread,)) for thread in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sum(counts))
END
# reads NAME POLICY AT: in the background, as an agent; what it says is in $work/NAME.out.
reads() {
	policy=$2
	workspace_make "$1"
	cp "$work/reader.py" "$work/$1"
	rm -f "$work/$1/stop"
	agent_start "$1" python3 reader.py "$disk" "$3"
	readers="$readers $agent"
}
# shares NAME LEFT RIGHT: what two policies' agents read at the same time, in $left and $right.
shares() {
	readers=
	reads left "$2" 0
	reads right "$3" 32
	holds "$1: both read" wait_for 30 sh -c "agentctl ps | grep -c 'left.*running\|right.*running' | grep -qx 2"
	sleep 10
	touch "$work/left/stop" "$work/right/stop"
	# shellcheck disable=SC2086 # words
	wait $readers
	left=$(cat "$work/left.out")
	right=$(cat "$work/right.out")
	echo "# $1: $left to $right"
}
if modprobe -a sd_mod bfq 2>"$work/said" && modprobe scsi_debug dev_size_mb=64 delay=2 max_queue=1 2>"$work/said" &&
	wait_for 20 sh -c 'ls /sys/bus/pseudo/drivers/scsi_debug/adapter0/host*/target*/*/block/*/queue'; then
	disk=/dev/$(basename /sys/bus/pseudo/drivers/scsi_debug/adapter0/host*/target*/*/block/*)
	echo bfq >"/sys/block/${disk#/dev/}/queue/scheduler"
	# It would put first, for a while, whoever looks as if somebody waits for him.
	echo 0 >"/sys/block/${disk#/dev/}/queue/iosched/low_latency"
	for weight in 10 10000; do
		policy_make weight$weight "limits: {io-weight: $weight}"
		sed -i "s|^  read:|  read:\n    - $disk|; s|^rights:|rights:\n  - devices|" \
			"$work/policies/weight$weight.yaml"
	done
	shares 'the same weight' weight10 weight10
	holds 'the same weight: both read' test "$left" -gt 0 -a "$right" -gt 0
	shares 'a weight of 10000 and one of 10' weight10000 weight10
	# A busy machine made twice as much of equal weights; of these it is 28 times as much.
	holds 'the heavier one has most of the disk' test "$left" -gt $((right * 2))
	policy=untrusted
	modprobe -r scsi_debug
else
	skip 'a share of a disk' 'this kernel has no bfq, or no scsi_debug'
fi

# --- out of it ---

cat >"$work/leave.py" <<'END'
# Tries to leave the cgroup whose directory is ARG1, and to raise its limits.
import ctypes, errno, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, act):
    try:
        act()
        print(name, "done")
    except OSError as error:
        print(name, errno.errorcode[error.errno])
def write(path, text):
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text)
    finally:
        os.close(fd)
def mount():
    if libc.mount(b"none", b"./mnt", b"cgroup2", 0, None):
        raise OSError(ctypes.get_errno(), "")
os.makedirs("mnt", exist_ok=True)
here = sys.argv[1]
attempt("raise", lambda: write(here + "/pids.max", b"max"))
attempt("make", lambda: os.mkdir("/sys/fs/cgroup/agentos-made"))
attempt("mount", mount)
attempt("there: raise", lambda: write("mnt/" + here.split("/", 4)[4] + "/pids.max", b"max"))
attempt("there: leave", lambda: write("mnt/cgroup.procs", b"0"))
attempt("leave", lambda: write("/sys/fs/cgroup/cgroup.procs", b"0"))
print(open("/proc/self/cgroup").read().split("::")[1], end="")
END
sed -e 's/^name: .*/name: mighty/' \
	-e 's/^rights:/rights:\n  - capabilities\n  - set-ids\n  - namespaces/' \
	"$work/policies/many.yaml" >"$work/policies/mighty.yaml"
cp "$work/leave.py" "$work/fork"
chmod 644 "$work/fork/leave.py"
# shellcheck disable=SC2016 # for that shell
try agentctl run --policy mighty --name mighty -- \
	sh -c 'python3 leave.py "/sys/fs/cgroup/agentos/$AGENTOS_ID"; echo $AGENTOS_ID'
is 'root in an agent: its limit is not raised' "$(sed -n 's/^raise //p' "$work/out")" EACCES
is 'no cgroup made' "$(sed -n 's/^make //p' "$work/out")" EACCES
is 'the tree not mounted where it may write' "$(sed -n 's/^mount //p' "$work/out")" EPERM
is 'the cgroup is not left' "$(sed -n 's/^leave //p' "$work/out")" EACCES
is 'it is where it was' "$(sed -n 's|^/agentos/||p' "$work/out")" "$(tail -n 1 "$work/out")"
mkdir $tree/control
(
	exec sh -c "echo \$\$ >$tree/control/cgroup.procs && exec python3 leave.py $tree/control"
) >"$work/out" 2>&1
is 'control: outside all of it can be done' "$(grep -c ' done$' "$work/out")" 6
umount "$work/fork/mnt"
rmdir $tree/agentos-made
holds 'control: the cgroup was left' rmdir $tree/control

# Whatever its rules: one that may write everywhere, and mount the tree anew.
sed -e 's/^name: .*/name: broad/' -e 's/^rights:/rights:\n  - mount/' \
	-e '/^  read:/a\    - /' -e '/^  write:/a\    - /' \
	"$work/policies/mighty.yaml" >"$work/policies/broad.yaml"
# shellcheck disable=SC2016 # for that shell
try agentctl run --policy broad --name broad -- \
	sh -c 'python3 leave.py "/sys/fs/cgroup/agentos/$AGENTOS_ID"; echo $AGENTOS_ID'
is 'it may write everywhere: the tree can be mounted' "$(sed -n 's/^mount //p' "$work/out")" 'done'
is 'and yet nothing is written there' "$(grep -c ' EACCES$' "$work/out")" 5
is 'and it is where it was' "$(sed -n 's|^/agentos/||p' "$work/out")" "$(tail -n 1 "$work/out")"
umount "$work/fork/mnt"
sed -e 's/^name: .*/name: free/' -e '/^limits:/d' \
	"$work/policies/broad.yaml" >"$work/policies/free.yaml"
mkdir $tree/control
try agentctl run --policy free --name free -- python3 leave.py $tree/control
is 'control: one without limits may' "$(grep -c ' done$' "$work/out")" 6
umount "$work/fork/mnt"
rmdir $tree/agentos-made $tree/control

# --- nobody else is moved ---

cat >"$work/client.py" <<'END'
# Speaks to agentosd itself: asks for an agent with a limit, with ARG1's pidfd, or "alone", and joins it.
import array, fcntl, os, socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect("/run/agentos/control.sock")
def call(kind, body, fds=()):
    packet = struct.pack("=IHHQ", 16 + len(body), VERSION, kind, 7) + body
    s.sendmsg([packet], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else [])
    answer, control, _, _ = s.recvmsg(65536, 64)
    fd = struct.unpack("i", control[0][2][:4])[0] if control else -1
    return struct.unpack("=IHHQ", answer[:16])[2], answer[16:], fd
call(1, b"")
assert call(2, struct.pack("=IIIIQQ", 0, 0, 0, 0, 0, 0))[0] == 128
terms = struct.pack("=QIIII", 0, 50, 0, 0, 0) + bytes(6 * 24 + 32)
fds = () if sys.argv[1] == "alone" else (os.pidfd_open(int(sys.argv[1])),)
kind, body, agent = call(4, struct.pack("=QII64s", 1, 0, 0, b"client") + terms, fds)
if kind != 130:
    sys.exit("refused: " + body[8:].split(b"\0")[0].decode())
number = struct.unpack("=Q", body[:8])[0]
procs = f"/sys/fs/cgroup/agentos/{number}/cgroup.procs"
print("nobody" if open(procs).read() == "" else "somebody")
reader = os.open("/proc/self/cgroup", os.O_RDONLY)
before = os.read(reader, 100)
fcntl.ioctl(agent, 3 << 30 | 8 << 16 | MAGIC << 8 | 32, struct.pack("=II", 8, 0))
after = os.pread(reader, 100, 0)
print("moved" if before != after and f"/agentos/{number}\n".encode() in after else "not moved")
END
magic=$(sed -n "s/^#define AGENTOS_IOC_MAGIC *//p" "$SRC"/uapi/*.h)
version=$(sed -n 's/^#define CONTROL_VERSION[[:space:]]*//p' "$SRC/runtime/rpc/control.h")
sed -i "s/VERSION/$version/" "$work/client.py"
sed -i "s/MAGIC/$(printf %d "$magic" 2>/dev/null || printf %d "'$(echo "$magic" | tr -d "'")")/" "$work/client.py"
chmod 644 "$work/client.py"
sleep 1000 &
victim=$!
children="$children $victim"
try as demo python3 "$work/client.py" $victim
says 'a process of root is named in a request: refused' 'malformed message' "$work/err"
try as demo python3 "$work/client.py" $$
says 'so is every other' 'malformed message' "$work/err"
is 'neither was moved' "$(cgroup_of $victim) $(cgroup_of $$)" '/ /'
try as demo python3 "$work/client.py" alone
is 'control: with none, nobody is in the cgroup, and who joins is moved there' \
	"$(cat "$work/out")" 'nobody
moved'
kill $victim
holds 'nothing is left of it' wait_for 30 no_cgroups

# --- budgets ---

# shellcheck disable=SC2016 # dollars
policy_make rich 'budgets:' '  tokens: 200k per 24h' '  microdollars: $5, pause' '  cpu-ns: 1h, kill'
starts rich rich sleep 1000
agentctl budget --json rich >"$work/out"
says 'a budget with a period' '"tokens":{"limit":200000,"used":0,"reserved":0,"action":"refuse","period_ns":86400000000000' \
	"$work/out"
says 'one with an action' '"microdollars":{"limit":5000000,"used":0,"reserved":0,"action":"pause"' "$work/out"
says 'one that the kernel counts' '"cpu-ns":{"limit":3600000000000' "$work/out"
says 'and none that was not given' '"tool-calls":{"limit":null' "$work/out"
ends rich
policy_make brief 'budgets: {cpu-ns: "200ms, kill"}'
try timeout 100 agentctl run --policy brief --name burner -- sh -c 'while :; do :; done'
is 'who uses it up is killed' "$status" 137
audit_settle
agentctl audit --agent burner >"$work/log"
says 'by its budget' '100% of its budget of cpu-ns' "$work/log"
policy_make short 'budgets: {wall-ns: "1s, kill"}'
try timeout 100 agentctl run --policy short --name ager -- sleep 1000
is 'so is who is too old' "$status" 137
sed -e 's/^name: .*/name: metered/' -e 's/^rights:/rights:\n  - net-connect/' \
	"$work/policies/untrusted.yaml" >"$work/policies/metered.yaml"
printf 'network: {connect: ["*"]}\n' >>"$work/policies/metered.yaml"
sed 's/^name: .*/name: unmetered/' "$work/policies/metered.yaml" >"$work/policies/unmetered.yaml"
printf 'budgets: {net-bytes: 3000}\n' >>"$work/policies/metered.yaml"
cp "$BUILD/tests/kernel/prog/packets" "$work/fork"
chmod 755 "$work/fork/packets"
try agentctl run --policy metered --name sender -- ./packets send 4001 10
is 'packets are counted from the first on' "$(cat "$work/out")" 'sent 3 refused 7 other 0'
try agentctl run --policy unmetered --name sender -- ./packets send 4001 10
is 'control: without a budget all are sent' "$(cat "$work/out")" 'sent 10 refused 0 other 0'

# --- schedule ---

policy_make low 'schedule:' '  criticality: 25' '  phase: background' '  deadline: 2h'
starts low low sleep 1000
try agentctl sched low
says 'criticality' 'criticality 25' "$work/out"
says 'phase' 'phase       background' "$work/out"
is 'it is nice' "$(ps -o ni= -p $agent | tr -d ' ')" 15
fails 'it has a deadline' sh -c 'agentctl sched --json low | grep -q "\"deadline_ns\":0,"'
ends low
policy_make valued 'schedule: {efficiency: 1.5, cost: 0.25}'
starts valued valued sleep 1000
agentctl sched --json valued >"$work/out"
says 'efficiency and cost are carried' '"efficiency":1.5,"cost":0.25,' "$work/out"
says 'beside what nobody set' '"criticality":50,' "$work/out"
try agentctl sched valued
says 'and told to people' 'efficiency  1.5' "$work/out"
try agentctl policy apply low valued --workspace "$work/valued"
agentctl sched --json valued >"$work/out"
says 'a policy that does not name them leaves them' '"efficiency":1.5,"cost":0.25,' "$work/out"
says 'and sets what it names' '"criticality":25,' "$work/out"
ends valued
try agentctl policy show valued --effective
says 'policy show tells them' 'schedule: efficiency 1.5, cost 0.25' "$work/out"
try agentctl policy show valued --effective --json
says 'to programs as well' '"schedule":{"efficiency":1.5,"cost":0.25}' "$work/out"
try agentctl policy diff plain valued
is 'policy diff: they differ' "$status" 1
says 'in efficiency' '+ set efficiency 1.5' "$work/out"
says 'and cost' '+ set cost 0.25' "$work/out"
try agentctl policy diff all low
says 'and in limits' '- set memory 2G' "$work/out"
policy_make high 'schedule: {criticality: 100}'
mkdir "$work/home"
chown demo "$work/home"
cd "$work/home" || exit 1
try as demo agentctl run --policy high --name high -- true
refused 'nobody but root has one above 50' 1 'only root may set one above 50'
cd "$work/fork" || exit 1
try agentctl run --policy high --name high -- true
is 'control: root has' "$status" 0
policy_make middle 'schedule: {criticality: 50}'
# shellcheck disable=SC2016 # for that shell
nice_of_own='read -r _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ nice _ </proc/self/stat; echo $nice'
cd "$work/home" || exit 1
try as demo nice -n 10 agentctl run --policy middle --name middle -- sh -c "$nice_of_own"
is 'nor becomes more important than he was' "$(cat "$work/out")" 10
cd "$work/fork" || exit 1
try nice -n 10 agentctl run --policy middle --name middle -- sh -c "$nice_of_own"
is 'control: root does' "$(cat "$work/out")" 0

# --- another policy ---

starts changing all sleep 1000
policy_make other 'limits: {processes: 300}' 'budgets: {tokens: 5}' 'schedule: {criticality: 30}'
try agentctl policy apply other changing --workspace "$work/changing"
is 'limits are exchanged' "$status" 0
is 'what the new policy has is set' "$(setting changing pids.max)" 300
is 'what it has not is lifted: memory' "$(setting changing memory.max) $(setting changing memory.swap.max)" \
	'max max'
is 'and processor time' "$(setting changing cpu.max)" 'max 100000'
agentctl budget --json changing >"$work/out"
says 'its budgets are set' '"tokens":{"limit":5,' "$work/out"
try agentctl policy apply plain changing --workspace "$work/changing"
is 'a policy without limits lifts them all' "$status $(setting changing pids.max)" '0 max'
agentctl budget --json changing >"$work/out"
says 'but budgets stay' '"tokens":{"limit":5,' "$work/out"
try agentctl sched changing
says 'and so does the schedule' 'criticality 30' "$work/out"
try agentctl policy apply small changing --workspace "$work/changing"
is 'and one with limits brings them back' "$status $(setting changing memory.max)" '0 67108864'
ends changing
starts boundless plain sleep 1000
before=$(field boundless policy)
try agentctl policy apply all boundless --workspace "$work/boundless"
refused 'who was started without a cgroup gets no limits' 1 'start it anew'
is 'and keeps its policy' "$(field boundless policy)" "$before"
try agentctl policy apply other --workspace "$work/boundless" boundless
refused 'nor any of the rest' 1 'start it anew'
try agentctl budget boundless
fails 'no budget was set' grep -q '^tokens *5 ' "$work/out"
ends boundless

# --- agentosd killed in between ---

starts held all sleep 1000
held_id=$(field held id)
held=$agent
starts lost all sleep 1000
lost_id=$(field lost id)
daemon_end KILL
agentctl kill lost >/dev/null
agent_wait
is 'without agentosd limits hold' "$(cat $ours/"$held_id"/pids.max)" 200
is 'and nobody removes what is over' "$(ls -d $ours/"$lost_id")" "$ours/$lost_id"
daemon_start
lost_is_gone() {
	[ ! -e "$ours/$lost_id" ]
}
holds 'the next agentosd does' wait_for 30 lost_is_gone
is 'and keeps what is in use' "$(cat $ours/"$held_id"/pids.max)" 200
try agentctl policy apply other held --workspace "$work/held"
is 'and rules it' "$status $(setting held pids.max)" '0 300'
agentctl kill held >/dev/null
agent=$held
agent_wait
holds 'until it ends' wait_for 30 no_cgroups

# --- after all, nothing is left ---

starts last many sleep 1000
ends last
daemon_stop
is 'agentosd stops in order' "$status" 0
holds 'it leaves no cgroup' no_cgroups
is 'of nobody' "$(find $tree -mindepth 1 -type d)" ''
holds 'the module can be unloaded' wait_for 30 module_unload
stage_end
