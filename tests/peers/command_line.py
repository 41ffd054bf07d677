# SPDX-License-Identifier: GPL-2.0-or-later
"""Agents of the command line, run as people run them in scripts: command_line.py codex|gemini|opencode"""

import json
import os
import signal
import subprocess
import sys
import time

import cases

HOME, WORK, NPM = os.environ["HOME"], os.environ["PEERS_WORK"], os.environ["PEERS_NPM"]


def home_write(path, text):
    path = os.path.join(HOME, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def is_connected():
    """Is there a connection to the gateway? All that there are are this agent's."""
    port = int(os.environ["ANTHROPIC_BASE_URL"].rsplit(":", 1)[1])
    with open("/proc/net/tcp", encoding="ascii") as table:
        return any(line.split()[2:4] == [f"0100007F:{port:04X}", "01"] for line in table)


class Said:
    """What an agent printed, a line of JSON for each thing that happened."""

    def __init__(self, output, status):
        self.output, self.status = output, status
        self.events = []
        for line in output.splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                self.events.append(event)

    def each(self, kind):
        return [event for event in self.events if event.get("type") == kind]


class Agent(cases.Client):
    """
    One of them has a command(model, prompt, goes_on), and reads what it Said:

        text(said)      the answer
        usage(said)     tokens in and out, of the last request
        ran(said)       how many commands it ran
    """

    name = None

    def start(self, model, prompt, goes_on=False):
        place = os.path.join(WORK, "project")
        os.makedirs(place, exist_ok=True)
        return subprocess.Popen(self.command(model, prompt, goes_on), cwd=place,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, start_new_session=True)

    def talk(self, model, prompt, goes_on=False):
        process = self.start(model, prompt, goes_on)
        try:
            output = process.communicate()[0]
        finally:
            self.end(process, signal.SIGKILL)
        if "PEERS_TRACE" in os.environ:
            print(output)
        return Said(output, process.returncode)

    @staticmethod
    def end(process, how):
        try:
            os.killpg(process.pid, how)
        except ProcessLookupError:
            pass

    def answer(self, model, prompt, goes_on=False):
        said = self.talk(model, prompt, goes_on)
        cases.holds(said.status == 0, f"exit status {said.status}: {said.output[-300:]}")
        return said

    def plain(self, model):
        said = self.answer(model, "peers: plain")
        cases.equal(self.text(said), cases.PLAIN)
        cases.equal(self.usage(said), (11, 5))

    def streamed(self, model):
        said = self.answer(model, "peers: streamed")
        cases.equal(self.text(said), cases.STREAMED)
        cases.equal(self.usage(said), (13, 7))

    def tool_calls(self, model):
        said = self.answer(model, f"peers: shell of {self.name}")
        cases.holds(self.text(said).endswith("Both ran."), f"{self.text(said)!r}")
        cases.equal(self.ran(said), 2)

    def turns(self, model):
        texts = [self.text(self.answer(model, prompt, number > 0))
                 for number, prompt in enumerate(cases.TURNS)]
        cases.equal(texts, cases.TURN_ANSWERS)

    def error(self, model):
        for name, prompt, words in ((model, "peers: error", "refused on purpose"),
                                    ("peer-none", "peers: plain", "peer-none")):
            said = self.talk(name, prompt)
            cases.holds(words in said.output, f"it does not say {words}: {said.output[-300:]}")
            cases.holds(said.status != 0 or self.failed(said), "it tells of no error")

    def failed(self, said):
        return bool(said.each("error"))

    def retry(self, model):
        cases.equal(self.text(self.answer(model, "peers: retry")), "Answered at last.")

    def abort(self, model):
        process = self.start(model, "peers: abort")
        for _ in range(10 * cases.LIMIT):
            if is_connected():
                break
            time.sleep(0.1)
        # The answer takes ten minutes, and it is in the middle of it by then.
        time.sleep(2)
        cases.holds(process.poll() is None, "it ended by itself")
        # To all that it started, as timeout(1) does; for SIGINT one of them would want a terminal.
        self.end(process, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            self.end(process, signal.SIGKILL)
            raise AssertionError("it does not end for SIGTERM") from None
        self.end(process, signal.SIGKILL)
        cases.equal(self.text(self.answer(model, "peers: plain")), cases.PLAIN)


class Codex(Agent):
    name = "codex"
    program = os.path.join(NPM, "@openai", "codex-linux-x64", "vendor",
                           "x86_64-unknown-linux-musl", "bin", "codex")

    def __init__(self):
        home_write(".codex/config.toml",
                   'model_provider = "gateway"\n'
                   '[model_providers.gateway]\n'
                   'name = "gateway"\n'
                   f'base_url = "{os.environ["OPENAI_BASE_URL"]}"\n'
                   'env_key = "OPENAI_API_KEY"\n'
                   'wire_api = "responses"\n')

    def command(self, model, prompt, goes_on):
        return [self.program, "exec", "--json", "--skip-git-repo-check",
                "--dangerously-bypass-approvals-and-sandbox", "--model", model,
                *(["resume", "--last"] if goes_on else []), prompt]

    def items(self, said, kind):
        return [event["item"] for event in said.each("item.completed")
                if event["item"]["type"] == kind]

    def text(self, said):
        return "\n".join(item["text"] for item in self.items(said, "agent_message"))

    def usage(self, said):
        usage = said.each("turn.completed")[-1]["usage"]
        return usage["input_tokens"], usage["output_tokens"]

    def ran(self, said):
        return len([item for item in self.items(said, "command_execution")
                    if item["exit_code"] == 0])


class Gemini(Agent):
    name = "gemini"

    def __init__(self):
        home_write(".gemini/settings.json", json.dumps({
            "security": {"auth": {"selectedType": "gemini-api-key"}},
            "general": {"disableAutoUpdate": True},
            "privacy": {"usageStatisticsEnabled": False},
        }))

    def command(self, model, prompt, goes_on):
        return ["node", os.path.join(NPM, "@google", "gemini-cli", "bundle", "gemini.js"),
                "--skip-trust", "--yolo", "--model", model, "--output-format", "stream-json",
                *(["--resume", "latest"] if goes_on else []), "--prompt", prompt]

    def text(self, said):
        return "".join(event["content"] for event in said.each("message")
                       if event["role"] == "assistant")

    def usage(self, said):
        stats = said.each("result")[-1]["stats"]
        return stats["input_tokens"], stats["output_tokens"]

    def ran(self, said):
        return len([event for event in said.each("tool_result") if event["status"] == "success"])


class Opencode(Agent):
    name = "opencode"

    def __init__(self):
        for what in ("MODELS_FETCH", "AUTOUPDATE", "LSP_DOWNLOAD", "DEFAULT_PLUGINS"):
            os.environ["OPENCODE_DISABLE_" + what] = "1"
        models = {f"peer-{wire}": {} for wire in ("chat", "responses", "anthropic", "gemini",
                                                  "none")}
        home_write(".config/opencode/opencode.json", json.dumps({
            "autoupdate": False,
            "share": "disabled",
            "provider": {"gateway": {
                "npm": "@ai-sdk/openai-compatible",
                "options": {"baseURL": "{env:OPENAI_BASE_URL}", "apiKey": "{env:OPENAI_API_KEY}"},
                "models": models,
            }},
        }))

    def command(self, model, prompt, goes_on):
        # With a title it asks for none.
        return [os.path.join(NPM, "opencode-linux-x64", "bin", "opencode"), "run", "--title", "peers",
                "--auto", "--format", "json", "--model", f"gateway/{model}",
                *(["--continue"] if goes_on else []), prompt]

    def text(self, said):
        return "\n".join(event["part"]["text"] for event in said.each("text"))

    def usage(self, said):
        tokens = said.each("step_finish")[-1]["part"]["tokens"]
        return tokens["input"], tokens["output"]

    def ran(self, said):
        return len([event for event in said.each("tool_use")
                    if event["part"]["state"]["status"] == "completed"])


cases.run({"codex": Codex, "gemini": Gemini, "opencode": Opencode}[sys.argv[1]]())
