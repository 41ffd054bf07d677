// SPDX-License-Identifier: GPL-2.0-or-later
// Google's SDK

import { ApiError, GoogleGenAI } from '@google/genai';
import { SYSTEM, TOOLS, run, tools_loop } from './cases.mjs';

const google = new GoogleGenAI({
	apiKey: process.env.GEMINI_API_KEY,
	httpOptions: {
		baseUrl: process.env.GOOGLE_GEMINI_BASE_URL,
		retryOptions: { attempts: 3 },
	},
});
const declared = Object.entries(TOOLS).map(([name, { description, parameters }]) => (
	{ name, description, parametersJsonSchema: parameters }));

// A stream's last pieces have what the ones before them have not.
function answer_of(response) {
	return {
		text: response.text,
		stop: response.candidates?.[0]?.finishReason,
		input: response.usageMetadata?.promptTokenCount,
		output: response.usageMetadata?.candidatesTokenCount,
	};
}

await run({
	stops: 'STOP',
	refused: (error) => error instanceof ApiError && error.status === 400,
	unknown: (error) => error instanceof ApiError && error.status === 404,

	async ask(model, prompt) {
		return answer_of(await google.models.generateContent({ model, contents: prompt }));
	},

	async *stream(model, prompt, signal) {
		const stream = await google.models.generateContentStream({
			model, contents: prompt, config: { systemInstruction: SYSTEM, abortSignal: signal } });

		for await (const chunk of stream)
			yield answer_of(chunk);
		signal?.throwIfAborted();
	},

	tools(model, prompt, streamed) {
		const contents = [{ role: 'user', parts: [{ text: prompt }] }];

		return tools_loop(async (results) => {
			if (results)
				contents.push({ role: 'user', parts: results.map(({ id, name, result }) => (
					{ functionResponse: { id, name, response: { output: result } } })) });
			const request = { model, contents, config: { tools: [{ functionDeclarations: declared }] } };
			const parts = [];

			if (streamed) {
				for await (const chunk of await google.models.generateContentStream(request))
					parts.push(...(chunk.candidates?.[0]?.content?.parts ?? []));
			} else {
				parts.push(...(await google.models.generateContent(request)).candidates[0].content.parts);
			}
			contents.push({ role: 'model', parts });
			return {
				text: parts.map((part) => part.text ?? '').join(''),
				calls: parts.filter((part) => part.functionCall).map(({ functionCall: call }) => (
					{ id: call.id, name: call.name, args: call.args })),
			};
		});
	},

	async converse(model, prompts) {
		const talk = google.chats.create({ model, config: { systemInstruction: SYSTEM } });
		const texts = [];

		for (const message of prompts)
			texts.push((await talk.sendMessage({ message })).text);
		return texts;
	},
});
