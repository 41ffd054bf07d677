#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The demo's other agent: asks a model, uses its tool when it is told to, and tells what came of it.

usage: chat.py MODEL QUESTION

It knows nothing of AgentOS: where the model is and what to show there is in OPENAI_BASE_URL and
OPENAI_API_KEY, as for any program.
"""

import json
import os
import sys
import urllib.error
import urllib.request

TOOLS = [{"type": "function", "function": {
    "name": "read_file", "description": "Reads a file",
    "parameters": {"type": "object", "properties": {"path": {"type": "string"}}}}}]


def ask(model, messages):
    """The model's next message."""
    request = urllib.request.Request(
        os.environ["OPENAI_BASE_URL"] + "/chat/completions",
        json.dumps({"model": model, "messages": messages, "tools": TOOLS,
                    "max_tokens": 200}).encode(),
        {"Content-Type": "application/json",
         "Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]})
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["choices"][0]["message"]
    except urllib.error.HTTPError as error:
        sys.exit(f"{error.code}: {json.load(error)['error']['message']}")


def main():
    """The conversation, until the model asks for no tool any more."""
    model, question = sys.argv[1:3]
    messages = [{"role": "user", "content": question}]
    while True:
        message = ask(model, messages)
        messages.append(message)
        if message.get("content"):
            print(message["content"])
        if not message.get("tool_calls"):
            return
        for call in message["tool_calls"]:
            path = json.loads(call["function"]["arguments"])["path"]
            print(f"(reads {path})")
            with open(path, encoding="utf-8") as file:
                messages.append({"role": "tool", "tool_call_id": call["id"],
                                 "content": file.read(60)})


main()
