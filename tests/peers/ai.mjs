// SPDX-License-Identifier: GPL-2.0-or-later
// The AI SDK with its providers: ai.mjs chat|responses|stateless|anthropic

import { anthropic } from '@ai-sdk/anthropic';
import { openai } from '@ai-sdk/openai';
import { APICallError, generateText, isStepCount, jsonSchema, streamText, tool } from 'ai';
import { SYSTEM, TOOLS, run, tool_run } from './cases.mjs';

const way = process.argv[2];
const make = { chat: openai.chat, anthropic }[way] ?? openai.responses;
// Responses are asked to be stored, and then named by their ids, unless one says otherwise.
const options = way === 'stateless' ? { providerOptions: { openai: { store: false } } } : {};

const tools = Object.fromEntries(Object.entries(TOOLS).map(([name, { description, parameters }]) => (
	[name, tool({
		description,
		inputSchema: jsonSchema(parameters),
		execute: async (args) => tool_run(name, args),
	})])));

async function answer_of(result) {
	const usage = await result.usage;

	return {
		text: await result.text,
		stop: await result.finishReason,
		input: usage.inputTokens,
		output: usage.outputTokens,
	};
}

await run({
	stops: 'stop',
	refused: (error) => APICallError.isInstance(error) && error.statusCode === 400,
	unknown: (error) => APICallError.isInstance(error) && error.statusCode === 404,

	async ask(model, prompt) {
		return answer_of(await generateText({ ...options, model: make(model), prompt }));
	},

	async *stream(model, prompt, abortSignal) {
		let failed;
		const result = streamText({
			...options, model: make(model), system: SYSTEM, prompt, abortSignal,
			// Without it errors go to standard error, and the text ends.
			onError: ({ error }) => { failed = error; },
		});

		for await (const text of result.textStream)
			yield { text };
		if (failed)
			throw failed;
		abortSignal?.throwIfAborted();
		yield { ...await answer_of(result), text: '' };
	},

	async tools(model, prompt, streamed) {
		const request = {
			...options, model: make(model), prompt, tools, stopWhen: isStepCount(5) };
		const result = await (streamed ? streamText(request) : generateText(request));
		const steps = await result.steps;

		return {
			text: await result.text,
			rounds: steps.map((step) => step.toolCalls.map((call) => call.toolName))
				.filter((names) => names.length),
		};
	},

	async converse(model, prompts) {
		const messages = [], texts = [];

		for (const content of prompts) {
			messages.push({ role: 'user', content });
			const result = await generateText({
				...options, model: make(model), system: SYSTEM, messages });

			messages.push(...result.response.messages);
			texts.push(result.text);
		}
		return texts;
	},
});
