// steps.mjs - how a step is run, reported and judged.
import assert from "node:assert/strict";

const base = process.env.AWS_ENDPOINT_URL?.replace(/\/$/, "");
if (!base) {
	console.error("AWS_ENDPOINT_URL is missing: the address of the emulator");
	process.exit(64);
}
export const endpoint = base;

// What the emulator itself is asked; see its README, "Control plane".
export async function emulator(method, path, body) {
	const answer = await fetch(`${base}/_emulator/${path}`, {
		method,
		body: body === undefined ? undefined : JSON.stringify(body),
	});
	const text = await answer.text();
	assert.equal(answer.status, 200, `${method} ${path}: ${text}`);
	return text === "" ? {} : JSON.parse(text);
}

// One line a step; the first that goes another way than it should ends the run.
export async function step(name, run) {
	try {
		await run();
		console.log(`ok ${name}`);
	} catch (error) {
		console.log(`not ok ${name}`);
		console.error(error);
		process.exit(1);
	}
}

// IVS keeps the text of a modelled error in a member of its own.
export const text_of = (error) => error.exceptionMessage ?? error.message;

// The promise must fail with that error: a class of the SDK, or a name when it has none.
export async function refused(promise, wanted, status) {
	const error = await promise.then(
		() => assert.fail("the call went through"),
		(reason) => reason,
	);
	if (typeof wanted === "string") assert.equal(error.name, wanted);
	else assert.ok(error instanceof wanted, `${wanted.name} wanted, got ${error}`);
	if (status !== undefined) assert.equal(error.$metadata.httpStatusCode, status);
	assert.ok(!["", "UnknownError", undefined].includes(text_of(error)), `no text: ${error}`);
	return error;
}
