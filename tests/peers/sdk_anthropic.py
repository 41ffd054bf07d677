# SPDX-License-Identifier: GPL-2.0-or-later
"""Anthropic's SDK."""

import anthropic
import cases

client = anthropic.Anthropic()


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


class Messages(cases.Client):
    STOP = "end_turn"
    REFUSED, UNKNOWN = anthropic.BadRequestError, anthropic.NotFoundError
    tools_offered = [{"name": name, "description": tool["description"],
                      "input_schema": tool["parameters"]}
                     for name, tool in cases.TOOLS.items()]

    def ask(self, model, prompt):
        message = client.messages.create(model=model, max_tokens=4096,
                                         messages=[{"role": "user", "content": prompt}])
        return (text_of(message), message.stop_reason,
                message.usage.input_tokens, message.usage.output_tokens)

    def stream(self, model, prompt):
        with client.messages.create(
                model=model, max_tokens=4096, stream=True, system=cases.SYSTEM,
                messages=[{"role": "user",
                           "content": [{"type": "text", "text": prompt}]}]) as stream:
            for event in stream:
                if event.type == "content_block_delta":
                    yield event.delta.text, None, None, None
                elif event.type == "message_start":
                    yield None, None, event.message.usage.input_tokens, None
                elif event.type == "message_delta":
                    yield (None, event.delta.stop_reason, event.usage.input_tokens,
                           event.usage.output_tokens)

    def tools(self, model, prompt, streamed):
        messages = [{"role": "user", "content": prompt}]

        def step(results):
            if results:
                messages.append({"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": number, "content": result}
                    for number, _, result in results]})
            request = {"model": model, "max_tokens": 4096, "messages": messages,
                       "tools": self.tools_offered}
            if streamed:
                with client.messages.stream(**request) as stream:
                    message = stream.get_final_message()
            else:
                message = client.messages.create(**request)
            messages.append({"role": "assistant", "content": message.content})
            return text_of(message), [(block.id, block.name, block.input)
                                      for block in message.content if block.type == "tool_use"]

        return cases.tools_loop(step)

    def converse(self, model, prompts):
        messages, texts = [], []
        for prompt in prompts:
            messages.append({"role": "user", "content": prompt})
            message = client.messages.create(model=model, max_tokens=4096, system=cases.SYSTEM,
                                             messages=messages)
            messages.append({"role": "assistant", "content": message.content})
            texts.append(text_of(message))
        return texts


cases.run(Messages())
