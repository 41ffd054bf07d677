# SPDX-License-Identifier: GPL-2.0-or-later
"""LangChain: sdk_langchain.py chat|responses|anthropic"""

import sys

import anthropic
import cases
import openai
from langchain.agents import create_agent
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import StructuredTool
from langchain_openai import ChatOpenAI

WAY = sys.argv[1]


def make(model):
    if WAY == "anthropic":
        return ChatAnthropic(model=model, max_tokens=4096)
    # At another address than OpenAI's it does not ask for usage by itself.
    return ChatOpenAI(model=model, use_responses_api=WAY == "responses", stream_usage=True)


def answer_of(message):
    told, usage = message.response_metadata, message.usage_metadata or {}
    return (message.text, told.get("finish_reason") or told.get("status") or
            told.get("stop_reason"), usage.get("input_tokens"), usage.get("output_tokens"))


class Chat(cases.Client):
    STOP = {"chat": "stop", "responses": "completed", "anthropic": "end_turn"}[WAY]
    SDK = anthropic if WAY == "anthropic" else openai
    REFUSED, UNKNOWN = SDK.BadRequestError, SDK.NotFoundError

    def ask(self, model, prompt):
        return answer_of(make(model).invoke(prompt))

    def stream(self, model, prompt):
        whole = None
        stream = make(model).stream([SystemMessage(cases.SYSTEM), HumanMessage(prompt)])
        try:
            for chunk in stream:
                whole = whole + chunk if whole else chunk
                yield chunk.text, None, None, None
        finally:
            stream.close()
        # What pieces tell of usage is for their sum.
        yield ("", *answer_of(whole)[1:])

    def tools(self, model, prompt, streamed):
        offered = [StructuredTool.from_function(
            func=lambda _name=name, **args: cases.tool_run(_name, args), name=name,
            description=tool["description"], args_schema=tool["parameters"])
            for name, tool in cases.TOOLS.items()]
        if not streamed:
            # LangChain's own loop.
            answer = create_agent(make(model), tools=offered).invoke(
                {"messages": [HumanMessage(prompt)]})
            messages = answer["messages"]
            return messages[-1].text, [[call["name"] for call in message.tool_calls]
                                       for message in messages
                                       if getattr(message, "tool_calls", None)]

        client, messages = make(model).bind_tools(offered), [HumanMessage(prompt)]

        def step(results):
            messages.extend(ToolMessage(content=result, tool_call_id=number, name=name)
                            for number, name, result in results)
            whole = None
            for chunk in client.stream(messages):
                whole = whole + chunk if whole else chunk
            messages.append(whole)
            return whole.text, [(call["id"], call["name"], call["args"])
                                for call in whole.tool_calls]

        return cases.tools_loop(step)

    def converse(self, model, prompts):
        messages, texts = [SystemMessage(cases.SYSTEM)], []
        for prompt in prompts:
            messages.append(HumanMessage(prompt))
            messages.append(make(model).invoke(messages))
            texts.append(messages[-1].text)
        return texts


cases.run(Chat())
