// SPDX-License-Identifier: GPL-2.0-or-later
// Anthropic's SDK

import Anthropic from '@anthropic-ai/sdk';
import { SYSTEM, TOOLS, run, tools_loop } from './cases.mjs';

const anthropic = new Anthropic();
const MAX = { max_tokens: 4096 };
const tools = Object.entries(TOOLS).map(([name, { description, parameters }]) => (
	{ name, description, input_schema: parameters }));

function text_of(message) {
	return message.content.filter((block) => block.type === 'text').map((block) => block.text).join('');
}

await run({
	stops: 'end_turn',
	refused: (error) => error instanceof Anthropic.BadRequestError && error.status === 400,
	unknown: (error) => error instanceof Anthropic.NotFoundError,

	async ask(model, prompt) {
		const message = await anthropic.messages.create({
			...MAX, model, messages: [{ role: 'user', content: prompt }] });

		return {
			text: text_of(message),
			stop: message.stop_reason,
			input: message.usage.input_tokens,
			output: message.usage.output_tokens,
		};
	},

	async *stream(model, prompt, signal) {
		const stream = await anthropic.messages.create({
			...MAX, model, stream: true, system: SYSTEM,
			messages: [{ role: 'user', content: [{ type: 'text', text: prompt }] }],
		}, { signal });

		for await (const event of stream) {
			if (event.type === 'content_block_delta')
				yield { text: event.delta.text };
			else if (event.type === 'message_start')
				yield { input: event.message.usage.input_tokens };
			else if (event.type === 'message_delta')
				yield {
					stop: event.delta.stop_reason,
					input: event.usage.input_tokens ?? undefined,
					output: event.usage.output_tokens,
				};
		}
		signal?.throwIfAborted();
	},

	tools(model, prompt, streamed) {
		const messages = [{ role: 'user', content: prompt }];

		return tools_loop(async (results) => {
			if (results)
				messages.push({ role: 'user', content: results.map(({ id, result }) => (
					{ type: 'tool_result', tool_use_id: id, content: result })) });
			const request = { ...MAX, model, messages, tools };
			const message = await (streamed ?
				anthropic.messages.stream(request).finalMessage() :
				anthropic.messages.create(request));

			messages.push({ role: 'assistant', content: message.content });
			return {
				text: text_of(message),
				calls: message.content.filter((block) => block.type === 'tool_use').map((block) => (
					{ id: block.id, name: block.name, args: block.input })),
			};
		});
	},

	async converse(model, prompts) {
		const messages = [], texts = [];

		for (const content of prompts) {
			messages.push({ role: 'user', content });
			const message = await anthropic.messages.create({ ...MAX, model, system: SYSTEM, messages });

			messages.push({ role: 'assistant', content: message.content });
			texts.push(text_of(message));
		}
		return texts;
	},
});
