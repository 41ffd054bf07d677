#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A person at a terminal: types into an interactive shell, and waits for what must appear.

usage: terminal.py COMMAND...

The command gets a terminal of its own. What is typed, and what is waited for, is below. The
exit status is the command's; 99 if something did not appear. The transcript goes to standard
output.
"""

import contextlib
import os
import pty
import re
import select
import sys
import time

PATIENCE = 120          # seconds, against hanging
PASTE = re.compile("\x1b\\[\\?2004[hl]\r?")   # a shell tells the terminal how to paste

# What must appear, and what is typed then: what is typed is echoed, and must not pass for
# what is waited for next.
SESSION = (
    ("$ ", "PS1='<''ready>'; test -t 0 && echo on a term''inal\n"),
    ("on a terminal\r\n<ready>", "echo $((6 * 7)) >sum; cat su*m\n"),
    ("42\r\n<ready>", "sleep 1000\n"),
    ("sleep 1000\r\n", "\x1a"),                         # Ctrl-Z
    ("Stopped", "jobs | wc -l\n"),
    ("1\r\n<ready>", "fg\n"),
    ("sleep 1000\r\n", "\x03"),                         # Ctrl-C
    ("^C\r\n<ready>", "echo $?\n"),
    ("130\r\n<ready>", "read -r line </dev/tty; echo got $line\n"),
    ("$line\r\n", "a line\n"),
    ("got a line\r\n<ready>", "exit 7\n"),
)


class Terminal:
    """The outer end of the terminal."""

    def __init__(self, master):
        self.master = master
        self.seen = ""          # since what was last waited for

    def read(self, seconds):
        """More of what is printed; False at its end."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:         # the other end is closed
            return False
        sys.stdout.write(data.decode(errors="replace"))
        sys.stdout.flush()
        self.seen += PASTE.sub("", data.decode(errors="replace"))
        return bool(data)

    def wait_for_program(self, name):
        """True once a program of that name has the terminal: before, a key is the shell's."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                leader = os.tcgetpgrp(self.master)
                with open(f"/proc/{leader}/comm", encoding="utf-8") as comm:
                    if comm.read().strip() == name:
                        return True
            time.sleep(0.05)
        print(f"\n({name!r} never had the terminal)")
        return False

    def wait_for(self, text):
        """True once the text was printed; what stands before it counts no more."""
        end = time.monotonic() + PATIENCE
        while text not in self.seen:
            if time.monotonic() > end or not self.read(1):
                print(f"\n(it never printed {text!r})")
                return False
        self.seen = self.seen.split(text, 1)[1]
        return True


def main():
    pid, master = pty.fork()
    if pid == 0:
        os.execvp(sys.argv[1], sys.argv[1:])
    terminal = Terminal(master)
    for expected, typed in SESSION:
        if not terminal.wait_for(expected):
            return 99
        if typed in ("\x1a", "\x03") and not terminal.wait_for_program("sleep"):
            return 99
        os.write(master, typed.encode())
    while terminal.read(1):
        pass
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    sys.exit(main())
