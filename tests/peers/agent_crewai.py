# SPDX-License-Identifier: GPL-2.0-or-later
"""CrewAI's agents and models: agent_crewai.py chat|responses|anthropic"""

import asyncio
import logging
import os
import sys

# It would tell its makers, and ask whether to.
os.environ.update(CREWAI_DISABLE_TELEMETRY="true", CREWAI_TRACING_ENABLED="false",
                  CREWAI_TESTING="true", OTEL_SDK_DISABLED="true", ANONYMIZED_TELEMETRY="False")

import anthropic
import cases
import openai
from crewai import LLM, Agent
from crewai.events import crewai_event_bus
from crewai.events.types.llm_events import LLMCallCompletedEvent, LLMStreamChunkEvent
from crewai.tools import BaseTool
from pydantic import BaseModel

WAY = sys.argv[1]
PROVIDER = {"anthropic": {"provider": "anthropic"}, "chat": {"provider": "openai"},
            "responses": {"provider": "openai", "api": "responses"}}[WAY]
SDK = anthropic if WAY == "anthropic" else openai

logging.disable(logging.CRITICAL)
completed, chunks = [], []


@crewai_event_bus.on(LLMCallCompletedEvent)
def call_completed(_, event):
    completed.append(event)


@crewai_event_bus.on(LLMStreamChunkEvent)
def chunk_came(_, event):
    chunks.append(event.chunk)


def make(model, streamed=False):
    return LLM(model=model, stream=streamed, **PROVIDER)


class Weather(BaseModel):
    city: str
    days: int


class Time(BaseModel):
    zone: str


class GetWeather(BaseTool):
    name: str = "get_weather"
    description: str = cases.TOOLS["get_weather"]["description"]
    args_schema: type[BaseModel] = Weather

    def _run(self, city, days):
        called.append(self.name)
        return cases.tool_run(self.name, {"city": city, "days": days})


class GetTime(BaseTool):
    name: str = "get_time"
    description: str = cases.TOOLS["get_time"]["description"]
    args_schema: type[BaseModel] = Time

    def _run(self, zone):
        called.append(self.name)
        return cases.tool_run(self.name, {"zone": zone})


called = []


class Crew(cases.Client):
    STOP = {"chat": "stop", "responses": "completed", "anthropic": "end_turn"}[WAY]
    # For OpenAI's it says in its own words what was not found.
    REFUSED, UNKNOWN = SDK.BadRequestError, (SDK.NotFoundError, ValueError)
    # See tests/peers/run: of a stream of responses it drops the calls.
    TOOLS_STREAMED = (False,) if WAY == "responses" else (False, True)

    def told(self):
        """Of the last call: why it ended, tokens in and out."""
        crewai_event_bus.flush()
        usage = completed[-1].usage
        return (completed[-1].finish_reason,
                usage.get("prompt_tokens", usage.get("input_tokens")),
                usage.get("completion_tokens", usage.get("output_tokens")))

    def ask(self, model, prompt):
        return (make(model).call(prompt), *self.told())

    def stream(self, model, prompt):
        """It hands on pieces as events, and returns when it has all of them."""
        chunks.clear()
        error = None
        try:
            text = make(model, True).call([{"role": "system", "content": cases.SYSTEM},
                                           {"role": "user", "content": prompt}])
        except Exception as thrown:
            error = thrown
        crewai_event_bus.flush()
        for chunk in chunks:
            yield chunk, None, None, None
        if error:
            raise error
        cases.equal("".join(chunks), text)
        yield ("", *self.told())

    def tools(self, model, prompt, streamed):
        called.clear()
        agent = Agent(role="helper", goal="help", backstory=cases.SYSTEM,
                      llm=make(model, streamed), tools=[GetWeather(), GetTime()])
        text = agent.kickoff(prompt).raw
        # Which calls came together it does not tell.
        return text, [called[:2], called[2:]]

    def converse(self, model, prompts):
        messages, texts = [{"role": "system", "content": cases.SYSTEM}], []
        for prompt in prompts:
            messages.append({"role": "user", "content": prompt})
            texts.append(make(model).call(messages))
            messages.append({"role": "assistant", "content": texts[-1]})
        return texts

    def abort(self, model):
        async def cancelled():
            task = asyncio.create_task(make(model, True).acall("peers: abort"))
            while not chunks and not task.done():
                await asyncio.sleep(0.1)
            cases.holds(not task.done(), "it ended by itself")
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=cases.AT_ONCE)
            cases.holds(done, "it did not end at once")
            cases.holds(task.cancelled() or task.exception(), "it ended as if it were whole")

        chunks.clear()
        asyncio.run(cancelled())
        cases.equal(self.ask(model, "peers: plain")[0], cases.PLAIN)


cases.run(Crew())
