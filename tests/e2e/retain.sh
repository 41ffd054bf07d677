#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# agentosd --keep, as time passes: old records go when it looks for them, and not before, and the log says so.
# timeout: 360

# shellcheck disable=SC2317 # what holds and wait_for call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

day=86400
look=600 # seconds, LIMIT_RETAIN_S
each=5   # records of each segment
cp "$BUILD/tests/kernel/prog/aged" "$BUILD/tests/e2e/prog/ahead.so" "$work"

# What daemon_start runs, in a process of its own: with clocks of its own, too.
agentosd() {
	AHEAD=$work/ahead LD_PRELOAD=$work/ahead.so exec "$bin/agentosd" --keep 30
}

# Renamed over the old one, so that no half of a number is ever read.
ahead() {
	echo $(($1)) >"$work/ahead.new"
	mv "$work/ahead.new" "$work/ahead"
}

segments() {
	set -- "$audit_dir"/*.seg
	echo $#
}

segments_are() {
	[ "$(segments)" -eq "$1" ]
}

# Long enough for it to have looked several times, if it did: it asks itself each second.
looked_not() {
	sleep 4
	segments_are "$1"
}

# The first segment is old, the second will be between two looks, and the third never is.
audit_dir_make
holds 'there is a log' "$work/aged" "$audit_dir" $((50 * day)) $((30 * day - 2 * look + 200)) 0
cp "$audit_dir"/*.leaf "$work"
ahead 0
module_load
daemon_start
is 'of three segments' "$(segments)" 3
holds 'nothing goes at once: the clock may not be set yet' looked_not 3
ahead $look-120
holds 'nor two minutes before it looks' looked_not 3
ahead $look+5
holds 'the oldest goes when it looks' wait_for 60 segments_are 2
fails 'that is the first one' test -e "$audit_dir/00000000000000000001.seg"
holds 'what is not as old stays' looked_not 2
ahead 2*$look-120
holds 'also when it is: it does not look all the time' looked_not 2
ahead 2*$look+120
holds 'it goes at the next look' wait_for 60 segments_are 1
ahead 100*$day
holds 'never the one that is written to' looked_not 1

daemon_stop
fails 'nothing is complained of' grep -q 'old records' "$work/agentosd.log"
agentctl audit --json >"$work/audit.json"
is 'the log tells of both' "$(grep -c '"note":"pruned"' "$work/audit.json")" 2
says 'of which records, and of when' "\"text\":\"records 1 to $each, " "$work/audit.json"
for leaf in 1 6; do
	leaf=$(printf '%020d.leaf' $leaf)
	holds 'its hashes are as they were' cmp "$work/$leaf" "$audit_dir/$leaf"
done
try agentctl audit verify
is 'what is left is verified' $status 0
says 'with what is gone' "removed      records 1 to $((2 * each))," "$work/out"

stage_end
