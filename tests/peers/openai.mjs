// SPDX-License-Identifier: GPL-2.0-or-later
// OpenAI's SDK: openai.mjs chat|responses

import OpenAI from 'openai';
import { SYSTEM, TOOLS, run, tools_loop } from './cases.mjs';

const openai = new OpenAI();

const errors = {
	refused: (error) => error instanceof OpenAI.BadRequestError && error.status === 400,
	unknown: (error) => error instanceof OpenAI.NotFoundError,
};

// --- chat completions ---

const chat_tools = Object.entries(TOOLS).map(([name, tool]) => (
	{ type: 'function', function: { name, ...tool, strict: true } }));

function chat_answer(completion) {
	return {
		text: completion.choices[0].message.content,
		stop: completion.choices[0].finish_reason,
		input: completion.usage.prompt_tokens,
		output: completion.usage.completion_tokens,
	};
}

const chat = {
	...errors,
	stops: 'stop',

	async ask(model, prompt) {
		return chat_answer(await openai.chat.completions.create({
			model, messages: [{ role: 'user', content: prompt }] }));
	},

	async *stream(model, prompt, signal) {
		const stream = await openai.chat.completions.create({
			model, stream: true, stream_options: { include_usage: true },
			messages: [{ role: 'developer', content: SYSTEM }, { role: 'user', content: prompt }],
		}, { signal });

		for await (const chunk of stream)
			yield {
				text: chunk.choices[0]?.delta.content,
				stop: chunk.choices[0]?.finish_reason ?? undefined,
				input: chunk.usage?.prompt_tokens,
				output: chunk.usage?.completion_tokens,
			};
		// The SDK ends quietly.
		signal?.throwIfAborted();
	},

	tools(model, prompt, streamed) {
		const messages = [{ role: 'user', content: prompt }];

		return tools_loop(async (results) => {
			for (const { id, result } of results ?? [])
				messages.push({ role: 'tool', tool_call_id: id, content: result });
			const request = { model, messages, tools: chat_tools };
			const completion = await (streamed ?
				openai.chat.completions.stream(request).finalChatCompletion() :
				openai.chat.completions.create(request));
			const { message } = completion.choices[0];

			messages.push(message);
			return {
				text: message.content,
				calls: (message.tool_calls ?? []).map((call) => ({
					id: call.id,
					name: call.function.name,
					args: JSON.parse(call.function.arguments),
				})),
			};
		});
	},

	async converse(model, prompts) {
		const messages = [{ role: 'system', content: SYSTEM }], texts = [];

		for (const content of prompts) {
			messages.push({ role: 'user', content });
			const { message } = (await openai.chat.completions.create({ model, messages })).choices[0];

			messages.push(message);
			texts.push(message.content);
		}
		return texts;
	},
};

// --- responses ---

const response_tools = Object.entries(TOOLS).map(([name, tool]) => (
	{ type: 'function', name, ...tool, strict: true }));

const responses = {
	...errors,
	stops: 'completed',

	async ask(model, prompt) {
		const response = await openai.responses.create({ model, input: prompt });

		return {
			text: response.output_text,
			stop: response.status,
			input: response.usage.input_tokens,
			output: response.usage.output_tokens,
		};
	},

	async *stream(model, prompt, signal) {
		const stream = await openai.responses.create({
			model, stream: true, instructions: SYSTEM, store: false,
			input: [{ role: 'user', content: [{ type: 'input_text', text: prompt }] }],
		}, { signal });

		for await (const event of stream) {
			if (event.type === 'response.output_text.delta')
				yield { text: event.delta };
			else if (event.type === 'response.completed')
				yield {
					stop: event.response.status,
					input: event.response.usage.input_tokens,
					output: event.response.usage.output_tokens,
				};
			else if (event.type === 'response.failed')
				throw new Error(event.response.error.message);
		}
		signal?.throwIfAborted();
	},

	tools(model, prompt, streamed) {
		const input = [{ role: 'user', content: prompt }];

		return tools_loop(async (results) => {
			for (const { id, result } of results ?? [])
				input.push({ type: 'function_call_output', call_id: id, output: result });
			const request = { model, input, tools: response_tools, store: false };
			const response = await (streamed ?
				openai.responses.stream(request).finalResponse() :
				openai.responses.create(request));

			input.push(...response.output.map(({ parsed_arguments: _, ...item }) => item));
			return {
				text: response.output_text,
				calls: response.output.filter((item) => item.type === 'function_call').map((item) => ({
					id: item.call_id,
					name: item.name,
					args: JSON.parse(item.arguments),
				})),
			};
		});
	},

	async converse(model, prompts) {
		const input = [], texts = [];

		for (const content of prompts) {
			input.push({ role: 'user', content });
			const response = await openai.responses.create({
				model, input, instructions: SYSTEM, store: false });

			input.push(...response.output);
			texts.push(response.output_text);
		}
		return texts;
	},
};

await run({ chat, responses }[process.argv[2]]);
