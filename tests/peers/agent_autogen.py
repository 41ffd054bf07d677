# SPDX-License-Identifier: GPL-2.0-or-later
"""AutoGen's agents and their client of OpenAI."""

import asyncio

import cases
import openai
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.messages import ToolCallRequestEvent
from autogen_core import CancellationToken
from autogen_core.models import AssistantMessage, SystemMessage, UserMessage
from autogen_core.tools import FunctionTool
from autogen_ext.models.openai import OpenAIChatCompletionClient

loop = asyncio.new_event_loop()


def make(model):
    return OpenAIChatCompletionClient(model=model, include_name_in_message=False, model_info={
        "vision": False, "function_calling": True, "json_output": True, "family": "unknown",
        "structured_output": True})


def user(text):
    return UserMessage(content=text, source="user")


def get_weather(city: str, days: int) -> str:
    return cases.tool_run("get_weather", {"city": city, "days": days})


def get_time(zone: str) -> str:
    return cases.tool_run("get_time", {"zone": zone})


class Agents(cases.Client):
    STOP = "stop"
    REFUSED, UNKNOWN = openai.BadRequestError, openai.NotFoundError

    def ask(self, model, prompt):
        result = loop.run_until_complete(make(model).create([user(prompt)]))
        return (result.content, result.finish_reason, result.usage.prompt_tokens,
                result.usage.completion_tokens)

    def stream(self, model, prompt):
        token = CancellationToken()
        stream = make(model).create_stream(
            [SystemMessage(content=cases.SYSTEM), user(prompt)], cancellation_token=token,
            include_usage=True)
        try:
            while True:
                try:
                    piece = loop.run_until_complete(anext(stream))
                except StopAsyncIteration:
                    break
                if isinstance(piece, str):
                    yield piece, None, None, None
                else:
                    yield ("", piece.finish_reason, piece.usage.prompt_tokens,
                           piece.usage.completion_tokens)
        finally:
            token.cancel()
            loop.run_until_complete(stream.aclose())

    def tools(self, model, prompt, streamed):
        agent = AssistantAgent(
            "helper", make(model), max_tool_iterations=5, model_client_stream=streamed,
            reflect_on_tool_use=False, system_message=cases.SYSTEM,
            tools=[FunctionTool(function, description=cases.TOOLS[name]["description"], strict=True)
                   for name, function in (("get_weather", get_weather), ("get_time", get_time))])
        result = loop.run_until_complete(agent.run(task=prompt))
        rounds = [[call.name for call in message.content] for message in result.messages
                  if isinstance(message, ToolCallRequestEvent)]
        return result.messages[-1].content, rounds

    def converse(self, model, prompts):
        messages, texts = [SystemMessage(content=cases.SYSTEM)], []
        client = make(model)
        for prompt in prompts:
            messages.append(user(prompt))
            texts.append(loop.run_until_complete(client.create(messages)).content)
            messages.append(AssistantMessage(content=texts[-1], source="helper"))
        return texts


cases.run(Agents())
