// SPDX-License-Identifier: GPL-2.0-or-later
/* The demo's use of the official client: asks a model, and prints its answer while it comes. */
import OpenAI from "openai";

const [model, content] = process.argv.slice(2);

try {
	const stream = await new OpenAI().chat.completions.create({
		model, stream: true, messages: [{ role: "user", content }],
	});

	for await (const chunk of stream)
		process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
	process.stdout.write("\n");
} catch (error) {
	console.log(String(error.message));
	process.exitCode = 1;
}
