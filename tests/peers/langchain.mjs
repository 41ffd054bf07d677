// SPDX-License-Identifier: GPL-2.0-or-later
// LangChain's clients: langchain.mjs chat|responses|anthropic

import { ChatAnthropic } from '@langchain/anthropic';
import { HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { SYSTEM, TOOLS, run, tools_loop } from './cases.mjs';

const way = process.argv[2];

function make(model) {
	return way === 'anthropic' ? new ChatAnthropic({ model, maxTokens: 4096 }) :
		new ChatOpenAI({ model, useResponsesApi: way === 'responses' });
}

const offered = Object.entries(TOOLS).map(([name, { description, parameters }]) => (
	way === 'anthropic' ? { name, description, input_schema: parameters } :
		{ type: 'function', function: { name, description, parameters } }));

function answer_of(message) {
	const told = message.response_metadata;

	return {
		text: message.text,
		stop: told.finish_reason ?? told.status ?? told.stop_reason ??
			message.additional_kwargs?.stop_reason ?? undefined,
		input: message.usage_metadata?.input_tokens,
		output: message.usage_metadata?.output_tokens,
	};
}

await run({
	stops: { chat: 'stop', responses: 'completed', anthropic: 'end_turn' }[way],
	refused: (error) => error.status === 400,
	unknown: (error) => error.status === 404,

	async ask(model, prompt) {
		return answer_of(await make(model).invoke(prompt));
	},

	async *stream(model, prompt, signal) {
		let whole;

		for await (const chunk of await make(model).stream(
			[new SystemMessage(SYSTEM), new HumanMessage(prompt)], { signal })) {
			whole = whole?.concat(chunk) ?? chunk;
			yield { text: chunk.text };
		}
		// What pieces tell of usage is for their sum.
		yield { ...answer_of(whole), text: '' };
	},

	tools(model, prompt, streamed) {
		const client = make(model).bindTools(offered);
		const messages = [new HumanMessage(prompt)];

		return tools_loop(async (results) => {
			let message;

			for (const { id, name, result } of results ?? [])
				messages.push(new ToolMessage({ content: result, tool_call_id: id, name }));
			if (streamed)
				for await (const chunk of await client.stream(messages))
					message = message?.concat(chunk) ?? chunk;
			else
				message = await client.invoke(messages);
			messages.push(message);
			return { text: message.text, calls: message.tool_calls ?? [] };
		});
	},

	async converse(model, prompts) {
		const messages = [new SystemMessage(SYSTEM)], texts = [];

		for (const prompt of prompts) {
			messages.push(new HumanMessage(prompt));
			const message = await make(model).invoke(messages);

			messages.push(message);
			texts.push(message.text);
		}
		return texts;
	},
});
