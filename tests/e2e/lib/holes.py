#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Is each denial that the kernel numbered in the log exactly once, or told as lost?

usage: holes.py [AGENT [PATH...]] <AUDIT.json

Reads the lines of `agentctl audit --json`.  Numbers begin at 1 when enforcement does (the
daemon's note "started").  Prints "RECORDS LOST MATCHING": the records and losses since then,
and how many records are of AGENT and about one of the PATHs.  Exit status 1, with a line that says why,
if a number is there twice, is missing without a loss that covers it, or is told as lost and
there; or if a loss does not count the numbers that are missing.
"""

import json
import sys


def main():
    agent = sys.argv[1] if len(sys.argv) > 1 else None
    paths = sys.argv[2:] or None
    seen, losses, twice, matching = set(), [], [], 0
    for line in sys.stdin:
        record = json.loads(line)
        if record["type"] == "daemon" and record["note"] == "started":
            seen, losses, twice, matching = set(), [], [], 0
        if record.get("stream") != "denials":
            continue
        if record["type"] == "loss":
            losses.append((record["first"], record["last"], record["count"]))
            continue
        number = record["kernel_seq"]
        if number in seen:
            twice.append(number)
        seen.add(number)
        if agent in (None, record["agent_name"]) and (
                paths is None or record["object"].get("text") in paths):
            matching += 1
    lost = sum(count for first, last, count in losses)
    end = max([0, *seen, *(last for first, last, count in losses)])
    missing = set(range(1, end + 1)) - seen
    untold = [number for number in sorted(missing)
              if not any(first <= number <= last for first, last, count in losses)]
    print(len(seen), lost, matching)
    if twice:
        sys.exit(f"numbers that are there twice: {twice[:20]}")
    if untold:
        sys.exit(f"numbers that are missing and not told: {untold[:20]}, losses {losses[:20]}")
    if len(missing) != lost:
        sys.exit(f"{len(missing)} numbers are missing, {lost} are told as lost: {losses[:20]}")


main()
