#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what the audit log has of opens with what tests/kernel/prog/renames tells of them.

usage: told.py AUDIT TOLD

AUDIT is JSON lines, TOLD the program's output. All that the program opened from the first
path on must be there, in this order.
"""

import json
import sys


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    logged = [r["object"]["text"] for r in records if r.get("comm") == "renames"]
    with open(sys.argv[2], encoding="utf-8") as file:
        told = file.read().splitlines()
    if len(told) < 20 or told[0] not in logged:
        print(f"{len(told)} told, {len(logged)} in the log, and not the first")
        return 1
    logged = logged[logged.index(told[0]):]
    for number, (a, b) in enumerate(zip(logged, told)):
        if a != b:
            print(f"open {number}: {b} is {a} in the log")
            return 1
    if len(logged) != len(told):
        print(f"{len(told)} told, {len(logged)} in the log")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
