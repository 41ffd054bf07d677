# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients of the gateway that wait for their turns at providers that take few calls at once.

    call_turns.py GROUP GATEWAY_PORT PROVIDER_PORT TOKEN CHILD_TOKEN ONE_TOKEN ENDED_TOKEN KEY

Prints "ok NAME" or "not ok NAME: why" for each thing that is looked at.
"""

import http.client
import json
import socket
import sys
import threading
import time

GROUP = sys.argv[1]
GATEWAY, PROVIDER = int(sys.argv[2]), int(sys.argv[3])
MANY, CHILD, ONE = sys.argv[4:7]
# As the rig has them: the agent is in the client's address. The child is below MANY.
AGENTS = {MANY: 7, CHILD: 8, ONE: 9}
WAIT = 20  # seconds: whoever hangs fails

lock = threading.Condition()
came = []     # marks of calls at the provider, in their order
inside = 0    # calls that it has not answered
most = 0      # of them, at once
free = set()  # marks that may be answered; "*": all
broken = []   # marks that are answered with 503, once


def check(name, true, why=""):
    print(f"ok {name}" if true else f"not ok {name}: {why}", flush=True)


# --- a provider that answers when it is told to ---

def request_read(file):
    if not file.readline().strip():
        return None
    length = 0
    while (line := file.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        if name.lower() == "content-length":
            length = int(value)
    return json.loads(file.read(length))


def reply(status, body, kind="application/json"):
    data = body.encode()
    return (f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n"
            "\r\n").encode() + data


def serve(sock):
    global inside, most
    with sock, sock.makefile("rb") as file:
        while got := request_read(file):
            mark = got["messages"][0]["content"]
            got["times"] = 1 << 22 if mark == "!" else 1
            with lock:
                came.append(mark)
                inside += 1
                most = max(most, inside)
                lock.notify_all()
                lock.wait_for(lambda m=mark: m in free or "*" in free, WAIT)
                inside -= 1
                fails = mark in broken
                if fails:
                    broken.remove(mark)
            usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
            if fails:
                say = reply("503 Busy", "{}")
            elif got.get("stream"):
                end = {"choices": [{"delta": {"content": mark}, "finish_reason": "stop"}]}
                say = reply("200 OK", f"data: {json.dumps(end)}\n\ndata: [DONE]\n\n",
                            "text/event-stream")
            else:
                say = reply("200 OK", json.dumps({
                    "id": "c1", "object": "chat.completion", "created": 1, "model": "small",
                    "usage": usage, "choices": [{"index": 0, "finish_reason": "stop", "message": {
                        "role": "assistant", "content": mark * got.get("times", 1)}}]}))
            try:
                sock.sendall(say)
            except OSError:
                return


def listen():
    listener = socket.create_server(("127.0.0.1", PROVIDER), backlog=64)

    def run():
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
    threading.Thread(target=run, daemon=True).start()


def release(*marks):
    with lock:
        free.update(marks)
        lock.notify_all()


def wait_came(count):
    with lock:
        return lock.wait_for(lambda: len(came) >= count, WAIT)


# --- clients ---

class Call(threading.Thread):
    """A call in the background; what came of it is there behind join()."""

    def __init__(self, mark, token=MANY, model="few/small", **more):
        super().__init__(daemon=True)
        self.token, self.status, self.fields, self.data = token, None, None, b""
        self.body = dict(model=model, messages=[{"role": "user", "content": mark}], **more)
        self.connection = http.client.HTTPConnection(
            "127.0.0.1", GATEWAY, timeout=WAIT, source_address=(f"127.0.0.{AGENTS[token]}", 0))
        self.start()
        # In this order; what is behind the gateway's back cannot be waited for.
        time.sleep(0.15)

    def run(self):
        try:
            self.connection.request("POST", "/v1/chat/completions", json.dumps(self.body),
                                    {"Authorization": "Bearer " + self.token})
            got = self.connection.getresponse()
            self.status, self.fields, self.data = got.status, got.headers, got.read()
        except (OSError, http.client.HTTPException):
            pass
        finally:
            self.connection.close()

    def end(self):
        self.join(WAIT)
        return self.status


def fifo():
    calls = [Call("a"), Call("b"), Call("c", ONE), Call("d", stream=True)]
    check("one goes", wait_came(1) and came == ["a"], str(came))
    other = Call("other", model="open/small")
    release("other")
    check("control: another provider's calls do not wait", other.end() == 200, str(other.status))
    for mark in "abcd":
        release(mark)
    check("all are answered", [c.end() for c in calls] == [200] * 4, str([c.status for c in calls]))
    check("in their order", [m for m in came if m != "other"] == list("abcd"), str(came))
    check("each by its own", all(c.body["messages"][0]["content"].encode() in c.data
                                 for c in calls), str([c.data for c in calls]))


def most_at_once():
    release("*")
    calls = [Call(str(i)) for i in range(4)] + [Call(str(i), CHILD) for i in range(4, 8)]
    check("all are answered", all(c.end() == 200 for c in calls))
    with lock:
        free.clear()
    calls = [Call(f"held {i}") for i in range(5)]
    time.sleep(0.3)
    check("no more than it takes are there", inside == 2, str(inside))
    release("*")
    check("the others follow", all(c.end() == 200 for c in calls))
    check("never more", most == 2, str(most))


def fair():
    calls = [Call("a"), Call("b"), Call("c", CHILD), Call("d", ONE)]
    check("one goes", wait_came(1) and came == ["a"], str(came))
    time.sleep(0.3)
    release("*")
    check("all are answered", [c.end() for c in calls] == [200] * 4, str([c.status for c in calls]))
    check("who was served least is next, and a child has no share of its own",
          came == list("adbc"), str(came))


def full():
    calls = [Call("a"), Call("b")]
    check("one goes", wait_came(1) and came == ["a"], str(came))
    third = Call("c")
    check("where no more may wait it is refused", third.end() == 503, str(third.status))
    check("with when to come again", third.fields and int(third.fields["Retry-After"]) >= 1,
          str(third.fields))
    check("and why", b"as many calls wait for it as may" in third.data, str(third.data))
    other = Call("d", model="spare-model")
    release("d")
    check("where there is a fallback that is asked", other.end() == 200, str(other.data))
    release("*")
    check("control: those that wait are answered", [c.end() for c in calls] == [200] * 2)
    check("and then there is room", Call("e").end() == 200)


def gone():
    first, second, third = Call("a"), Call("b"), Call("c")
    check("one goes", wait_came(1) and came == ["a"], str(came))
    second.connection.sock.shutdown(socket.SHUT_RDWR)
    second.end()
    time.sleep(0.3)
    release("*")
    check("the others are answered", [first.end(), third.end()] == [200] * 2)
    check("who is gone has no turn", came == ["a", "c"], str(came))
    with lock:
        free.clear()
    first, second = Call("d"), Call("e")
    check("one goes again", wait_came(3) and came[-1] == "d", str(came))
    first.connection.sock.shutdown(socket.SHUT_RDWR)
    first.end()
    check("who goes while it is answered leaves its turn to the next",
          wait_came(4) and came[-1] == "e", str(came))
    release("*")
    check("who is answered", second.end() == 200, str(second.status))


def late():
    first, second = Call("a"), Call("b")
    check("one goes", wait_came(1) and came == ["a"], str(came))
    check("who waits too long is told", second.end() == 503, str(second.status))
    check("why", b"had no turn for this call" in second.data, str(second.data))
    other = Call("c", model="spare-model")
    release("c")
    check("where there is a fallback it is asked then", other.end() == 200, str(other.data))
    release("*")
    check("control: the first is answered", first.end() == 200)
    check("who was late had no turn", came == ["a", "c"], str(came))


def hopeless():
    first, second = Call("a"), Call("b")
    check("one goes", wait_came(1) and came == ["a"], str(came))
    check("who would wait too long is told at once", second.end() == 503, str(second.status))
    check("why", b"more calls wait than it answers in the time" in second.data, str(second.data))
    release("*")
    check("control: the first is answered", first.end() == 200)


def unread():
    release("*")
    body = json.dumps({"model": "few/small", "messages": [{"role": "user", "content": "!"}]})
    with socket.create_connection(("127.0.0.1", GATEWAY), WAIT,
                                  (f"127.0.0.{AGENTS[MANY]}", 0)) as sock:
        sock.sendall((f"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {MANY}\r\n"
                      f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
        check("it goes", wait_came(1))
        check("who does not read a large answer holds no turn", Call("b").end() == 200)
        got = sock.recv(1000)
        check("control: it is there", got.startswith(b"HTTP/1.1 200"), str(got))


def again():
    broken.append("a")
    first, second = Call("a"), Call("b")
    check("one goes", wait_came(1) and came == ["a"], str(came))
    release("*")
    check("both are answered", [first.end(), second.end()] == [200] * 2,
          f"{first.status} {second.status}")
    check("who is asked again waits for its turn again", came == ["a", "b", "a"], str(came))


def rate():
    release("*")
    # What was not used of the last ten seconds may be used at once: one call, and the next.
    check("the first ones go", [Call("a").end(), Call("b").end()] == [200] * 2)
    third = Call("d")
    check("the next one does not within the time that it may wait", third.end() == 503,
          str(third.status))
    check("nor comes to the provider", came == ["a", "b"], str(came))
    check("control: another provider's does", Call("c", model="open/small").end() == 200)


def waits():
    first, second = Call("a"), Call("b")
    time.sleep(1)
    release("*")
    check("both are answered", [first.end(), second.end()] == [200] * 2)


if __name__ == "__main__":
    listen()
    globals()[GROUP]()
