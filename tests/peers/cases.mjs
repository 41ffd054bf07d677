// SPDX-License-Identifier: GPL-2.0-or-later
// The cases that each client goes through, and what has to come of them: what tests/peers/rules says.

import assert from 'node:assert/strict';

const LIMIT = 120; // seconds for a case
const AT_ONCE = 10; // within which who aborts is told so, of an answer that takes ten minutes

export const SYSTEM = 'You are a script. Be brief.';
export const PLAIN = 'Plain: Grüße, 世界 🚀 <&>\n"quoted" and \\n that stays';
export const STREAMED = 'Streamed: Grüße, 世界 🚀 <&> "quoted" and \\n that stays,\n' +
	'in two lines and in many pieces.';
export const TURNS = ['peers: my name is Ada', 'peers: and my brother is Bob',
	'peers: who are we?'];
export const TURN_ANSWERS = ['Hello, Ada.', 'Hello, Bob.', 'Ada and Bob.'];

export const TOOLS = {
	get_weather: {
		description: 'The weather of a city',
		parameters: {
			type: 'object',
			properties: {
				city: { type: 'string', description: 'Its name' },
				days: { type: 'integer' },
			},
			required: ['city', 'days'],
			additionalProperties: false,
		},
	},
	get_time: {
		description: 'The time in a zone',
		parameters: {
			type: 'object',
			properties: { zone: { type: 'string' } },
			required: ['zone'],
			additionalProperties: false,
		},
	},
};

// What a tool says.
export function tool_run(name, args) {
	if (name === 'get_time') {
		assert.deepEqual(args, { zone: 'Europe/Oslo' });
		return 'It is 12:00';
	}
	assert.equal(name, 'get_weather');
	const oslo = args.city === 'Oslo';

	assert.deepEqual(args, oslo ? { city: 'Oslo', days: 2 } :
		{ city: 'Rome, "the" city: 世界', days: 1 });
	return oslo ? '4 degrees' : '20 degrees';
}

/*
 * Each client hands in functions, all of which take a model:
 *
 *	ask(model, prompt)           -> { text, stop, input, output }
 *	stream(model, prompt, signal) -> async iterator of the same, of which text is a piece;
 *	                                stop, input and output are there by the end
 *	tools(model, prompt, streamed) -> { text, rounds: [[name, ...], ...] }, having called
 *	                                tool_run() for each call
 *	converse(model, prompts)     -> texts of the answers
 *	stops                        -> what stop is at an answer's end
 *	refused(error)               -> is it this client's error for a status of 400?
 *	unknown(error)               -> ... of 404?
 */
const cases = {
	async plain(client, model) {
		const got = await client.ask(model, 'peers: plain');

		assert.equal(got.text, PLAIN);
		assert.equal(got.stop, client.stops);
		assert.deepEqual([got.input, got.output], [11, 5]);
	},

	async streamed(client, model) {
		let text = '', pieces = 0, last = {};

		for await (const got of client.stream(model, 'peers: streamed')) {
			text += got.text ?? '';
			pieces += got.text ? 1 : 0;
			last = { ...last, ...defined(got) };
		}
		assert.equal(text, STREAMED);
		assert.ok(pieces > 5, `${pieces} pieces`);
		assert.equal(last.stop, client.stops);
		assert.deepEqual([last.input, last.output], [13, 7]);
	},

	async tools(client, model) {
		for (const streamed of [false, true]) {
			const got = await client.tools(model, 'peers: tools', streamed);

			assert.deepEqual(got.rounds, [['get_weather', 'get_weather'], ['get_time']]);
			assert.equal(got.text, 'Found: It is 12:00');
		}
	},

	async turns(client, model) {
		assert.deepEqual(await client.converse(model, TURNS), TURN_ANSWERS);
	},

	async error(client, model) {
		let text = '';

		await assert.rejects(client.ask(model, 'peers: error'), (error) => {
			assert.ok(client.refused(error), `not a refusal: ${error}`);
			assert.match(String(error.message), /refused on purpose/);
			return true;
		});
		await assert.rejects(client.ask('peer-none', 'peers: plain'), (error) => {
			assert.ok(client.unknown(error), `not an unknown model: ${error}`);
			return true;
		});
		// A stream that breaks off is not taken for a whole one.
		await assert.rejects(async () => {
			for await (const got of client.stream(model, 'peers: cut'))
				text += got.text ?? '';
		}, (error) => {
			assert.match(text, /^This/);
			return true;
		});
	},

	async retry(client, model) {
		assert.equal((await client.ask(model, 'peers: retry')).text, 'Answered at last.');
	},

	async abort(client, model) {
		const controller = new AbortController();
		let begun = 0, error;

		try {
			for await (const got of client.stream(model, 'peers: abort', controller.signal)) {
				if (got.text && !begun) {
					begun = Date.now();
					controller.abort();
				}
				assert.ok(!begun || Date.now() - begun < AT_ONCE * 1000, 'it goes on');
			}
		} catch (thrown) {
			error = thrown;
		}
		assert.ok(begun, `nothing came: ${error}`);
		assert.ok(Date.now() - begun < AT_ONCE * 1000, 'it did not end at once');
		assert.ok(error, 'it ended as if it were whole');
		assert.equal((await client.ask(model, 'peers: plain')).text, PLAIN);
	},
};

function defined(value) {
	return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined));
}

function limited(promise, seconds) {
	let timer;
	const late = new Promise((_, reject) => {
		timer = setTimeout(() => reject(new Error(`no end within ${seconds} s`)), seconds * 1000);
	});

	return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function line(error) {
	return String(error?.message ?? error).replace(/\s+/g, ' ').slice(0, 400);
}

// Prints "ok CASE WIRE" or "not ok CASE WIRE: why" of each case and each provider's wire.
export async function run(client) {
	const asked = process.env.PEERS_CASES?.split(' ') ?? Object.keys(cases);

	for (const wire of process.env.PEERS_WIRES.split(' ')) {
		for (const name of asked) {
			try {
				await limited(cases[name](client, `peer-${wire}`), LIMIT);
				console.log(`ok ${name} ${wire}`);
			} catch (error) {
				console.log(`not ok ${name} ${wire}: ${line(error)}`);
				if (process.env.PEERS_TRACE)
					console.log(error);
			}
		}
	}
	// What a client keeps open is not waited for.
	process.exit(0);
}

// Calls tools until the answer has none: step(results) -> { text, calls: [{ id, name, args }] }.
export async function tools_loop(step) {
	const rounds = [];
	let results = null;

	for (;;) {
		const { text, calls } = await step(results);

		if (!calls.length)
			return { text, rounds };
		rounds.push(calls.map((call) => call.name));
		assert.ok(rounds.length < 5, 'it calls tools without end');
		results = calls.map((call) => ({ ...call, result: tool_run(call.name, call.args) }));
	}
}
