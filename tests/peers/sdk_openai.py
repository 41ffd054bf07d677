# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenAI's SDK: sdk_openai.py chat|responses"""

import json
import sys

import cases
import openai

client = openai.OpenAI()


class Chat(cases.Client):
    STOP = "stop"
    REFUSED, UNKNOWN = openai.BadRequestError, openai.NotFoundError
    tools_offered = [{"type": "function", "function": {"name": name, "strict": True, **tool}}
                     for name, tool in cases.TOOLS.items()]

    def ask(self, model, prompt):
        answer = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": prompt}])
        choice = answer.choices[0]
        return (choice.message.content, choice.finish_reason,
                answer.usage.prompt_tokens, answer.usage.completion_tokens)

    def stream(self, model, prompt):
        with client.chat.completions.create(
                model=model, stream=True, stream_options={"include_usage": True},
                messages=[{"role": "developer", "content": cases.SYSTEM},
                          {"role": "user", "content": prompt}]) as stream:
            for chunk in stream:
                choice = chunk.choices[0] if chunk.choices else None
                yield (choice and choice.delta.content, choice and choice.finish_reason,
                       chunk.usage and chunk.usage.prompt_tokens,
                       chunk.usage and chunk.usage.completion_tokens)

    def tools(self, model, prompt, streamed):
        messages = [{"role": "user", "content": prompt}]

        def step(results):
            messages.extend({"role": "tool", "tool_call_id": number, "content": result}
                            for number, _, result in results)
            request = {"model": model, "messages": messages, "tools": self.tools_offered}
            if streamed:
                with client.chat.completions.stream(**request) as stream:
                    message = stream.get_final_completion().choices[0].message
            else:
                message = client.chat.completions.create(**request).choices[0].message
            messages.append(message.to_dict())
            return message.content, [(call.id, call.function.name,
                                      json.loads(call.function.arguments))
                                     for call in message.tool_calls or []]

        return cases.tools_loop(step)

    def converse(self, model, prompts):
        messages, texts = [{"role": "system", "content": cases.SYSTEM}], []
        for prompt in prompts:
            messages.append({"role": "user", "content": prompt})
            answer = client.chat.completions.create(model=model, messages=messages)
            messages.append(answer.choices[0].message)
            texts.append(answer.choices[0].message.content)
        return texts


class Responses(cases.Client):
    STOP = "completed"
    REFUSED, UNKNOWN = openai.BadRequestError, openai.NotFoundError
    tools_offered = [{"type": "function", "name": name, "strict": True, **tool}
                     for name, tool in cases.TOOLS.items()]

    def ask(self, model, prompt):
        answer = client.responses.create(model=model, input=prompt)
        return (answer.output_text, answer.status,
                answer.usage.input_tokens, answer.usage.output_tokens)

    def stream(self, model, prompt):
        with client.responses.create(
                model=model, stream=True, store=False, instructions=cases.SYSTEM,
                input=[{"role": "user",
                        "content": [{"type": "input_text", "text": prompt}]}]) as stream:
            for event in stream:
                if event.type == "response.output_text.delta":
                    yield event.delta, None, None, None
                elif event.type == "response.completed":
                    answer = event.response
                    yield (None, answer.status, answer.usage.input_tokens,
                           answer.usage.output_tokens)
                elif event.type == "response.failed":
                    raise RuntimeError(event.response.error.message)

    def tools(self, model, prompt, streamed):
        given = [{"role": "user", "content": prompt}]

        def step(results):
            given.extend({"type": "function_call_output", "call_id": number, "output": result}
                         for number, _, result in results)
            request = {"model": model, "input": given, "tools": self.tools_offered,
                       "store": False}
            if streamed:
                with client.responses.stream(**request) as stream:
                    answer = stream.get_final_response()
            else:
                answer = client.responses.create(**request)
            given.extend(item.to_dict(exclude_none=True) for item in answer.output)
            for item in given:
                item.pop("parsed_arguments", None)
            return answer.output_text, [(item.call_id, item.name, json.loads(item.arguments))
                                        for item in answer.output
                                        if item.type == "function_call"]

        return cases.tools_loop(step)

    def converse(self, model, prompts):
        given, texts = [], []
        for prompt in prompts:
            given.append({"role": "user", "content": prompt})
            answer = client.responses.create(model=model, input=given, store=False,
                                             instructions=cases.SYSTEM)
            given.extend(answer.output)
            texts.append(answer.output_text)
        return texts


cases.run({"chat": Chat, "responses": Responses}[sys.argv[1]]())
