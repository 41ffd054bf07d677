#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Does to a policy's file what `agentctl policy explain --json` says, which is read from standard input.

Lists stand one item a line. A line that is to go becomes empty, so that the others keep their numbers.
"""

import json
import sys


def find(lines, text, start, end):
    """Where a line is, between start and end, or None."""
    for number in range(start, end):
        if lines[number].rstrip() == text:
            return number
    return None


def section_end(lines, start):
    """Where the next top-level key is."""
    for number in range(start + 1, len(lines)):
        if lines[number][:1].isalpha():
            return number
    return len(lines)


def add(lines, section, name, item):
    start = find(lines, f"{section}:", 0, len(lines))
    if start is None:
        start = len(lines)
        lines.append(f"{section}:\n")
    if name is None:
        lines.insert(start + 1, f"  - {item}\n")
        return
    key = find(lines, f"  {name}:", start, section_end(lines, start))
    if key is None:
        key = start + 1
        lines.insert(key, f"  {name}:\n")
    lines.insert(key + 1, f"    - {item}\n")


def main():
    answer = json.load(sys.stdin)
    with open(sys.argv[1], encoding="utf-8") as source:
        lines = source.readlines()
    if not answer["possible"] or not (answer["add"] or answer["remove_line"]):
        print(f"nothing to do: {answer}")
        return 1
    if answer["remove_line"]:
        lines[answer["line"] - 1] = "\n"
    for one in answer["add"]:
        add(lines, one["section"], one.get("list"), one["item"])
    with open(sys.argv[1], "w", encoding="utf-8") as target:
        target.writelines(lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
