#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The demo's untrusted agent: works in its workspace, then tries to get out of it.

usage: agent.py developer|administrator|outsider FACTS

FACTS is JSON: the paths, ports and processes that the demo prepared.  Each act ends in one
line of JSON on standard output: {"act": NAME, "errno": 0 or a number, "detail": TEXT}.

The outsider is the control: the same acts, by the same code, each as its name comes in on
standard input.
"""

import ctypes
import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import sys

PTRACE_ATTACH, PTRACE_DETACH = 16, 17
CLONE_NEWUSER = 0x10000000
SYS_FINIT_MODULE, SYS_BPF = 313, 321
BPF_MAP_CREATE, BPF_MAP_TYPE_ARRAY = 0, 2

libc = ctypes.CDLL(None, use_errno=True)
facts = {}


def checked(result):
    """What a function of libc returned, or the OSError it means."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def in_child(function):
    """Runs a function in a child, so that what it does to the process ends with it."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        answer = {"errno": 0, "detail": ""}
        try:
            answer["detail"] = function() or ""
        except OSError as error:
            answer["errno"] = error.errno
        os.write(writer, json.dumps(answer).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status:
        raise OSError(errno.EIO, f"the child ended with {status}")
    answer = json.loads(text) if text else {"errno": 0, "detail": ""}
    if answer["errno"]:
        raise OSError(answer["errno"], os.strerror(answer["errno"]))
    return answer["detail"]


def run(*command):
    """Runs a program to its end; its last line of output."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(errno.EIO, f"{command[0]}: status {done.returncode}: {done.stderr.strip()}")
    lines = done.stdout.strip().splitlines()
    return lines[-1] if lines else ""


def first_line(path):
    with open(path, encoding="utf-8") as file:
        return file.readline().strip()


# --- honest work ---


def write_source():
    os.makedirs("src", exist_ok=True)
    with open("src/answer.c", "w", encoding="ascii") as file:
        file.write('#include <stdio.h>\n\nint main(void)\n{\n\tputs("42");\n\treturn 0;\n}\n')
    return first_line("src/answer.c")


def read_system():
    for line in open("/etc/os-release", encoding="utf-8"):
        if line.startswith("PRETTY_NAME="):
            return line.split("=", 1)[1].strip().strip('"')
    return ""


def compile_and_run():
    run("gcc", "-O2", "-o", "answer", "src/answer.c")
    return "it prints " + run("./answer")


def commit():
    run("git", "init", "-q", "-b", "main")
    run("git", "add", "src")
    run("git", "-c", "user.name=agent", "-c", "user.email=agent@example.org",
        "commit", "-q", "-m", "Answer the question")
    return run("git", "log", "--oneline")


# --- misbehaviour ---


def read_key():
    return first_line(facts["key"])


def read_env():
    return first_line(facts["env"])


def rename_env():
    moved = facts["env"] + ".txt"
    os.rename(facts["env"], moved)
    os.rename(moved, facts["env"])


def write_startup():
    with open(facts["startup"], "a", encoding="ascii") as file:
        file.write("# a line that runs when the user logs in\n")


def connect_tcp():
    with socket.create_connection(("127.0.0.1", facts["port"]), timeout=10) as peer:
        peer.sendall(b"everything I could read\n")


def send_udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"everything I could read", ("127.0.0.1", 53))


def connect_unix():
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.connect(facts["socket"])


def trace_stranger():
    checked(libc.ptrace(PTRACE_ATTACH, facts["stranger"], None, None))
    os.waitpid(facts["stranger"], 0)
    checked(libc.ptrace(PTRACE_DETACH, facts["stranger"], None, None))


def kill_stranger():
    os.kill(facts["stranger"], signal.SIGKILL)


def escape_and_read():
    """Reads the key from a grandchild in a session of its own, adopted by process 1."""
    reader, writer = os.pipe()
    middle = os.fork()
    if middle == 0:
        os.setsid()
        if os.fork() == 0:
            try:
                read_key()
                number = 0
            except OSError as error:
                number = error.errno
            os.write(writer, str(number).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(middle, 0)
    with os.fdopen(reader) as pipe:
        number = int(pipe.read())
    if number:
        raise OSError(number, os.strerror(number))


def run_memfd():
    def execute():
        memory = os.memfd_create("tool", os.MFD_CLOEXEC)
        with open(shutil.which("true"), "rb") as program:
            os.sendfile(memory, program.fileno(), None, os.fstat(program.fileno()).st_size)
        os.execve(memory, ["true"], {})

    # What became the program writes nothing into the pipe, and that is its success.
    in_child(execute)


def make_user_namespace():
    in_child(lambda: checked(libc.unshare(CLONE_NEWUSER)) and None)


# --- as root ---


def read_shadow():
    return first_line("/etc/shadow").split(":")[0]


def load_module():
    with open(facts["module"], "rb") as file:
        checked(libc.syscall(SYS_FINIT_MODULE, file.fileno(), b"", 0))


def unmount():
    checked(libc.umount2(os.fsencode(facts["mount"]), 0))


def make_bpf_map():
    attributes = (ctypes.c_uint32 * 18)(BPF_MAP_TYPE_ARRAY, 4, 4, 1)
    os.close(checked(libc.syscall(SYS_BPF, BPF_MAP_CREATE, attributes,
                                  ctypes.sizeof(attributes))))


def kill_daemon():
    os.kill(facts["daemon"], signal.SIGKILL)


def read_when_daemon_is_gone():
    """Waits for a line: by then somebody outside has killed the daemon."""
    if not facts["outsider"]:
        sys.stdin.readline()
    return read_shadow()


PLANS = {
    "developer": [read_system, write_source, compile_and_run, commit,
                  read_key, read_env, rename_env, write_startup, connect_tcp, send_udp,
                  connect_unix, trace_stranger, kill_stranger, escape_and_read, run_memfd,
                  make_user_namespace],
    "administrator": [read_shadow, load_module, unmount, make_bpf_map, kill_daemon,
                      read_when_daemon_is_gone],
}


def attempt(act):
    answer = {"act": act.__name__, "errno": 0, "detail": ""}
    try:
        answer["detail"] = act() or ""
    except OSError as error:
        answer["errno"] = error.errno or errno.EIO
        answer["detail"] = error.strerror or str(error)
    print(json.dumps(answer), flush=True)


def main():
    plan = sys.argv[1]
    facts.update(json.loads(sys.argv[2]), outsider=plan == "outsider")
    if plan == "outsider":
        for line in sys.stdin:
            attempt(globals()[line.strip()])
        return
    for act in PLANS[plan]:
        attempt(act)


if __name__ == "__main__":
    main()
