#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Power cuts: each state that the disk under a busy log could be left in is recovered from, and has all that was signed for.
# timeout: 480

# POWER_CUTS=200 tests/run e2e/power: so many random states (5), and as many at flushes; all of these
# when it is more than 20.

# shellcheck disable=SC2317 # what try and holds call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

cuts=${POWER_CUTS:-5}
rounds=$((cuts > 20 ? 8 : 2))
flushes=$((cuts > 20 ? 1000000 : cuts))
place=/var/lib/agentos
size=$((24 << 20))
tamper=$SRC/tests/e2e/lib/tamper.py
marks=$work/marks

# A file in memory as a disk: its device.
disk_of() {
	truncate -s "$2" "$work/$1"
	losetup --find --show "$work/$1"
}

# The newest checkpoint, when it is a new one: kept, and its name written among what goes to the disk.
mark() {
	agentctl audit checkpoint >"$marks/new" 2>/dev/null || return 1
	covered=$("$tamper" size "$marks/new")
	[ ! -e "$marks/$covered" ] || return 1
	mv "$marks/new" "$marks/$covered"
	dmsetup message log 0 mark "$covered"
}

mkdir -p "$place" "$marks" "$work/mnt"
modprobe -a dm-mod dm-log-writes ext4 loop || bail 'no device mapper'
disk=$(disk_of disk $size) || bail 'no disk'
log=$(disk_of log $((1 << 30))) || bail 'no second disk'
echo "0 $((size / 512)) log-writes $disk $log" | dmsetup create log || bail 'no disk'
# There is no udev to do it.
dmsetup mknodes log
holds 'a disk whose writes are kept' mkfs.ext4 -q -F -m 0 /dev/mapper/log
holds 'is where the log is' mount /dev/mapper/log "$place"
module_load
daemon_start
cat >"$work/policies/wordy.yaml" <<END
name: wordy
extends: untrusted
audit: verbose
END
policy=wordy
agent_start wordy sh -c 'while [ ! -e end ]; do ./refuse refuse 50; ./refuse /etc/shadow 10; sleep 0.1; done'
holds 'a checkpoint is announced' wait_for 90 mark
# An agentosd signs when it begins, and when it ends.
for _ in $(seq $rounds); do
	sleep 2
	daemon_stop
	mark
	daemon_start
	wait_for 20 mark
done
daemon_end KILL
touch "$work/wordy/end"
agent_wait
umount "$place"
holds 'the disk is taken out' dmsetup remove log
records=$(find "$marks" -type f -name "[0-9]*" -printf "%f\n" | sort -n | tail -n 1)

cp "$BUILD/tests/kernel/prog/reopen" "$bin"
cat >"$work/judge" <<END
#!/bin/sh
# What is on the disk is opened, as after a power cut, and judged by the checkpoint seen last.
mount -o loop "$work/image" "$work/mnt" || { [ -z "\$1" ]; exit; }
status=0
if [ -d "$work/mnt/audit" ]; then
	reopen "$work/mnt/audit" || status=1
	agentctl audit verify --directory "$work/mnt/audit" --key "$work/mnt/audit.pub" \\
		\${1:+--anchor "$marks/\$1"} >"$work/judged" || status=1
	[ \$status = 0 ] || cat "$work/judged"
elif [ -n "\$1" ]; then
	echo 'there is no log'
	status=1
fi
umount "$work/mnt"
exit \$status
END
chmod +x "$work/judge"
seed=$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')
echo "# seed $seed; $(find "$marks" -type f -name "[0-9]*" | wc -l) checkpoints were announced, the last of $records records"
try "$SRC/tests/e2e/lib/replay.py" "$log" "$work/image" "$size" "$flushes" "$cuts" "$seed" \
	"$work/judge"
echo "# states, at flushes, at random moments: $(tail -n 1 "$work/out")"
is 'each state the disk can be left in is recovered from, with all that was announced' "$status" 0
holds 'there were as many as should be' \
	test "$(tail -n 1 "$work/out" | cut -d' ' -f3)" -ge "$cuts"

# The control: a disk that says that a flush came back, and lost what was before it.
cat >"$work/judge.lost" <<END
#!/bin/sh
# The disk as it was before there was a mark, and the last one's checkpoint.
[ -n "\$1" ] || exec "$work/judge" $records
END
chmod +x "$work/judge.lost"
try "$SRC/tests/e2e/lib/replay.py" "$log" "$work/image" "$size" 8 0 1 "$work/judge.lost"
is 'control: a disk that lies about its flushes is found out' "$status" 1
says 'and how' 'missing' "$work/out"
losetup -d "$disk" "$log"
daemon_start
daemon_stop
holds 'the module can be unloaded' module_unload
stage_end
