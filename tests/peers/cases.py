# SPDX-License-Identifier: GPL-2.0-or-later
"""The cases that each client goes through, as in cases.mjs: what has to come of them tests/peers/rules says."""

import os
import re
import signal
import sys
import time
import traceback

LIMIT = 120     # seconds for a case
AT_ONCE = 10    # within which who aborts is told so, of an answer that takes ten minutes

SYSTEM = "You are a script. Be brief."
PLAIN = 'Plain: Grüße, 世界 🚀 <&>\n"quoted" and \\n that stays'
STREAMED = ('Streamed: Grüße, 世界 🚀 <&> "quoted" and \\n that stays,\n'
            'in two lines and in many pieces.')
TURNS = ["peers: my name is Ada", "peers: and my brother is Bob", "peers: who are we?"]
TURN_ANSWERS = ["Hello, Ada.", "Hello, Bob.", "Ada and Bob."]

TOOLS = {
    "get_weather": {
        "description": "The weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "Its name"},
                           "days": {"type": "integer"}},
            "required": ["city", "days"],
            "additionalProperties": False,
        },
    },
    "get_time": {
        "description": "The time in a zone",
        "parameters": {
            "type": "object",
            "properties": {"zone": {"type": "string"}},
            "required": ["zone"],
            "additionalProperties": False,
        },
    },
}


def equal(got, expected):
    if got != expected:
        raise AssertionError(f"{got!r}, expected {expected!r}")


def holds(true, why):
    if not true:
        raise AssertionError(why)


def tool_run(name, args):
    """What a tool says."""
    if name == "get_time":
        equal(args, {"zone": "Europe/Oslo"})
        return "It is 12:00"
    equal(name, "get_weather")
    oslo = args.get("city") == "Oslo"
    equal(args, {"city": "Oslo", "days": 2} if oslo
          else {"city": 'Rome, "the" city: 世界', "days": 1})
    return "4 degrees" if oslo else "20 degrees"


def tools_loop(step):
    """Calls tools until the answer has none: step([(id, name, result)]) -> text, [(id, name, args)]."""
    rounds, results = [], []
    while True:
        text, calls = step(results)
        if not calls:
            return text, rounds
        rounds.append([name for _, name, _ in calls])
        holds(len(rounds) < 5, "it calls tools without end")
        results = [(number, name, tool_run(name, args)) for number, name, args in calls]


class Client:
    """
    What a client of its own hands in; all take a model.

        ask(model, prompt)              -> text, why it ended, tokens in, out
        stream(model, prompt)           -> an iterator of the same, None for what is not there;
                                           closing it ends the request
        tools(model, prompt, streamed)  -> text, rounds of names, having called tool_run()
        converse(model, prompts)        -> texts
    """

    STOP = None                     # why an answer ends
    REFUSED = UNKNOWN = Exception   # for the statuses 400 and 404
    TOOLS_STREAMED = (False, True)  # how it is asked where there are tools

    def plain(self, model):
        text, *rest = self.ask(model, "peers: plain")
        equal(text, PLAIN)
        equal(rest, [self.STOP, 11, 5])

    def streamed(self, model):
        pieces, last = [], [None] * 3
        for text, *rest in self.stream(model, "peers: streamed"):
            if text:
                pieces.append(text)
            last = [old if new is None else new for old, new in zip(last, rest)]
        equal("".join(pieces), STREAMED)
        holds(len(pieces) > 5, f"{len(pieces)} pieces")
        equal(last, [self.STOP, 13, 7])

    def tool_calls(self, model):
        for streamed in self.TOOLS_STREAMED:
            text, rounds = self.tools(model, "peers: tools", streamed)
            equal(rounds, [["get_weather", "get_weather"], ["get_time"]])
            equal(text, "Found: It is 12:00")

    def turns(self, model):
        equal(self.converse(model, TURNS), TURN_ANSWERS)

    def error(self, model):
        for name, prompt, kind, words in ((model, "peers: error", self.REFUSED, "on purpose"),
                                          ("peer-none", "peers: plain", self.UNKNOWN, "peer-none")):
            try:
                got = self.ask(name, prompt)
            except kind as error:
                holds(words in str(error), f"{error!r} does not say {words}")
            else:
                raise AssertionError(f"no error, but {got!r}")
        # A stream that breaks off is not taken for a whole one.
        came = ""
        try:
            for text, *_ in self.stream(model, "peers: cut"):
                came += text or ""
        except Late:
            raise
        except Exception:
            holds(came.startswith("This"), f"nothing before the error, but {came!r}")
        else:
            raise AssertionError(f"no error behind {came!r}")

    def retry(self, model):
        equal(self.ask(model, "peers: retry")[0], "Answered at last.")

    def abort(self, model):
        stream = self.stream(model, "peers: abort")
        for text, *_ in stream:
            if text:
                break
        else:
            raise AssertionError("nothing came")
        begun = time.monotonic()
        stream.close()
        holds(time.monotonic() - begun < AT_ONCE, "it did not end at once")
        equal(self.ask(model, "peers: plain")[0], PLAIN)


class Late(BaseException):
    pass


def late(*_):
    raise Late(f"no end within {LIMIT} s")


# By the names of methods, which a client may have of its own.
CASES = {"plain": "plain", "streamed": "streamed", "tools": "tool_calls", "turns": "turns",
         "error": "error", "retry": "retry", "abort": "abort"}


def run(client):
    """Prints "ok CASE WIRE" or "not ok CASE WIRE: why" of each case and each provider's wire."""
    signal.signal(signal.SIGALRM, late)
    asked = os.environ["PEERS_CASES"].split() if "PEERS_CASES" in os.environ else CASES
    for wire in os.environ["PEERS_WIRES"].split():
        for name in asked:
            signal.alarm(LIMIT)
            try:
                getattr(client, CASES[name])(f"peer-{wire}")
                # Some leave the line before it open.
                print(f"\nok {name} {wire}", flush=True)
            except (Exception, Late) as error:
                why = re.sub(r"\s+", " ", f"{type(error).__name__}: {error}")[:400]
                print(f"\nnot ok {name} {wire}: {why}", flush=True)
                if "PEERS_TRACE" in os.environ:
                    traceback.print_exc()
            signal.alarm(0)
    sys.stdout.flush()
    # What a client keeps open is not waited for.
    os._exit(0)
