// sdk.mjs - the official AWS SDK gets along with the emulator.
//
// If it does, what the emulator accepts and answers is what AWS does as far as the SDK can
// tell. Needs AWS_ENDPOINT_URL, AWS_REGION and the credentials the emulator was started with.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";

import * as cw from "@aws-sdk/client-cloudwatch";
import * as ivs from "@aws-sdk/client-ivs-realtime";
import { fromHttp, fromInstanceMetadata } from "@aws-sdk/credential-providers";

import { emulator, endpoint, refused, step, text_of } from "./steps.mjs";

const client = new ivs.IVSRealTimeClient({});
const metrics = new cw.CloudWatchClient({});
const ask = (command, input) => client.send(new ivs[`${command}Command`](input));
const arns = [];
let own = {}; // the fixed credentials

// ---- stages and tokens ----
await step("CreateStage", async () => {
	for (let i = 0; i < 5; i++) {
		const { stage, participantTokens } = await ask("CreateStage", {
			name: `sdk-${i}`,
			tags: { made: "by the SDK" },
			participantTokenConfigurations: [{ userId: "ü", duration: 60 }],
		});
		assert.match(stage.arn, /^arn:aws:ivs:[^:]+:\d{12}:stage\/[a-zA-Z0-9]+$/);
		assert.ok(stage.endpoints.whip.startsWith("https://"));
		assert.equal(participantTokens[0].userId, "ü");
		arns.push(stage.arn);
	}
});
await step("GetStage", async () => {
	const { stage } = await ask("GetStage", { arn: arns[0] });
	assert.equal(stage.name, "sdk-0");
	assert.deepEqual(stage.tags, { made: "by the SDK" });
});
await step("ListStages", async () => {
	const seen = [];
	let pages = 0;
	for await (const page of ivs.paginateListStages({ client, pageSize: 2 }, {})) {
		pages++;
		seen.push(...page.stages.map((stage) => stage.arn));
	}
	assert.ok(pages >= 3, `${pages} pages`);
	for (const arn of arns) assert.ok(seen.includes(arn), `${arn} is not listed`);
	assert.equal(new Set(seen).size, seen.length, "a stage came twice");
});
await step("CreateParticipantToken", async () => {
	const { participantToken } = await ask("CreateParticipantToken", {
		stageArn: arns[0],
		userId: "viewer-1",
		duration: 30,
		capabilities: ["SUBSCRIBE"],
		attributes: { seat: "A1" },
	});
	assert.equal(participantToken.token.split(".").length, 3);
	assert.deepEqual(participantToken.capabilities, ["SUBSCRIBE"]);
	const minutes = (participantToken.expirationTime - Date.now()) / 60000;
	assert.ok(minutes > 28 && minutes < 31, `ends in ${minutes} minutes`);
});

// ---- refusals ----
await step("an unknown stage", async () => {
	const arn = `${arns[0].split("/")[0]}/nosuchstage1`;
	await refused(ask("GetStage", { arn }), ivs.ResourceNotFoundException, 404);
});
await step("a wrong name", () =>
	refused(ask("CreateStage", { name: "no spaces" }), ivs.ValidationException, 400));
await step("a wrong secret", async () => {
	own = await client.config.credentials();
	const credentials = { ...own, secretAccessKey: "wrong" };
	const wrong = new ivs.IVSRealTimeClient({ credentials });
	const call = wrong.send(new ivs.ListStagesCommand({}));
	await refused(call, "InvalidSignatureException", 403);
});
await step("an unknown key", async () => {
	const credentials = { ...own, accessKeyId: "AKIANOBODYKNOWSTHIS1" };
	const wrong = new ivs.IVSRealTimeClient({ credentials });
	const call = wrong.send(new ivs.ListStagesCommand({}));
	await refused(call, "UnrecognizedClientException", 403);
});
// A clock that comes back to right costs the SDK one failed call, from whose Date it learns.
await step("a clock that is an hour off is corrected", async () => {
	await emulator("POST", "clock", { offsetSeconds: 3600 });
	await ask("GetStage", { arn: arns[0] });
	await emulator("POST", "clock", { offsetSeconds: 0 });
	await refused(ask("GetStage", { arn: arns[0] }), "InvalidSignatureException", 403);
	await ask("GetStage", { arn: arns[0] });
});

// ---- CloudWatch ----
const put = (data, Namespace = "ivs-live/sdk") =>
	metrics.send(new cw.PutMetricDataCommand({ Namespace, MetricData: data }));

await step("PutMetricData", async () => {
	await emulator("DELETE", "metrics");
	await put([
		{
			MetricName: "viewers",
			Value: 42,
			Unit: "Count",
			Timestamp: new Date(),
			Dimensions: [{ Name: "stage", Value: "a" }],
		},
		{ MetricName: "wait", Values: [1, 2.5], Counts: [3, 4], Unit: "Milliseconds" },
		{
			MetricName: "load",
			StatisticValues: { SampleCount: 2, Sum: 3, Minimum: 1, Maximum: 2 },
		},
	]);
	const [viewers, wait, load] = (await emulator("GET", "metrics")).metrics;
	assert.deepEqual([viewers.name, viewers.value, viewers.unit], ["viewers", 42, "Count"]);
	assert.deepEqual(viewers.dimensions, { stage: "a" });
	assert.ok(Math.abs(viewers.timestamp - Date.now() / 1000) < 60);
	assert.deepEqual([wait.values, wait.counts], [[1, 2.5], [3, 4]]);
	assert.equal(load.statistics.Sum, 3);
});
await step("PutMetricData of a size that is sent as gzip", async () => {
	const data = Array.from({ length: 1000 }, (_, i) => ({ MetricName: `m${i}`, Value: i }));
	await put(data);
	assert.equal((await emulator("GET", "metrics")).received, 1003);
});
await step("metrics that are refused", async () => {
	const both = { MetricName: "m", Value: 1, Values: [1] };
	await refused(put([both]), cw.InvalidParameterCombinationException, 400);
	await refused(put([{ MetricName: "m" }]), cw.MissingRequiredParameterException, 400);
	const old = { MetricName: "m", Value: 1, Timestamp: new Date(Date.now() - 15 * 86400e3) };
	await refused(put([old]), cw.InvalidParameterValueException, 400);
	assert.equal((await emulator("GET", "metrics")).received, 1003);
});
await step("a metric signed with a wrong secret", async () => {
	const wrong = new cw.CloudWatchClient({ credentials: { ...own, secretAccessKey: "wrong" } });
	const command = new cw.PutMetricDataCommand({
		Namespace: "n",
		MetricData: [{ MetricName: "m", Value: 1 }],
	});
	await refused(wrong.send(command), "SignatureDoesNotMatch", 403);
});

// ---- credentials of an instance and of a container ----
process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT = endpoint;
const list = (with_client) => with_client.send(new ivs.ListStagesCommand({}));
const by_instance = () =>
	new ivs.IVSRealTimeClient({ credentials: fromInstanceMetadata({ timeout: 5000 }) });
const temporary = async () =>
	(await emulator("GET", "credentials")).credentials.filter((key) => key.kind === "temporary");

await step("credentials of the instance", async () => {
	await list(by_instance());
	const [key] = await temporary();
	assert.equal(key.requests, 1);
});
await step("a rotation ends those handed out, and new ones work", async () => {
	const before = by_instance();
	await list(before);
	await emulator("POST", "credentials/rotate", { graceSeconds: 0 });
	await refused(list(before), "ExpiredTokenException", 403);
	await list(by_instance());
	assert.equal((await temporary()).filter((key) => !key.expired).length, 1);
});
await step("credentials near their end are fetched again by themselves", async () => {
	await emulator("POST", "credentials", { lifeSeconds: 60 });
	await emulator("POST", "credentials/rotate", { graceSeconds: 0 });
	const same = by_instance();
	await list(same);
	await emulator("POST", "credentials/rotate", { graceSeconds: 0 });
	await list(same);
});
await step("credentials of a container", async () => {
	await emulator("POST", "imds", { authorization: "Basic c2Rr" });
	const awsContainerCredentialsFullUri = `${endpoint}/v2/credentials/task`;
	const provide = (awsContainerAuthorizationToken) =>
		fromHttp({ awsContainerCredentialsFullUri, awsContainerAuthorizationToken });
	await list(new ivs.IVSRealTimeClient({ credentials: provide("Basic c2Rr") }));
	await refused(list(new ivs.IVSRealTimeClient({ credentials: provide("other") })), Error);
	await emulator("POST", "imds", { authorization: "" });
});
await step("an instance without a role", async () => {
	await emulator("POST", "imds", { role: false });
	await refused(list(by_instance()), "ProviderError");
	await emulator("POST", "imds", { role: true });
});

// ---- the other operations ----
const [one, other] = arns;

await step("UpdateStage", async () => {
	const { stage } = await ask("UpdateStage", { arn: one, name: "renamed" });
	assert.equal(stage.name, "renamed");
	assert.equal((await ask("GetStage", { arn: one })).stage.name, "renamed");
});
await step("TagResource", () =>
	ask("TagResource", { resourceArn: one, tags: { room: "a b/c", gone: "x" } }));
await step("UntagResource", () =>
	ask("UntagResource", { resourceArn: one, tagKeys: ["gone", "made"] }));
await step("ListTagsForResource", async () => {
	const { tags } = await ask("ListTagsForResource", { resourceArn: one });
	assert.deepEqual(tags, { room: "a b/c" });
});

const { publicKey: pair } = generateKeyPairSync("ec", { namedCurve: "secp384r1" });
const publicKeyMaterial = pair.export({ type: "spki", format: "pem" });
let key;
await step("ImportPublicKey", async () => {
	({ publicKey: key } = await ask("ImportPublicKey", { publicKeyMaterial, name: "sdk" }));
	assert.match(key.arn, /:public-key\//);
	const wrong = ask("ImportPublicKey", { publicKeyMaterial: "no key" });
	await refused(wrong, ivs.ValidationException, 400);
});
await step("GetPublicKey", async () => {
	const { publicKey } = await ask("GetPublicKey", { arn: key.arn });
	assert.equal(publicKey.publicKeyMaterial.trim(), publicKeyMaterial.trim());
	assert.equal(publicKey.fingerprint, key.fingerprint);
});
await step("ListPublicKeys", async () => {
	const { publicKeys } = await ask("ListPublicKeys", {});
	assert.ok(publicKeys.some((listed) => listed.arn === key.arn));
});
await step("DeletePublicKey", async () => {
	await ask("DeletePublicKey", { arn: key.arn });
	await refused(ask("GetPublicKey", { arn: key.arn }), ivs.ResourceNotFoundException, 404);
});

let live; // {sessionId, participantId}: someone who publishes
const of_live = () => ({ stageArn: one, ...live });
const pair_of_stages = () => ({
	sourceStageArn: one,
	destinationStageArn: other,
	participantId: live.participantId,
});
await step("StartParticipantReplication", async () => {
	live = await emulator("POST", "publish", { stageArn: one });
	live = { sessionId: live.sessionId, participantId: live.participantId };
	await ask("StartParticipantReplication", pair_of_stages());
	const nobody = { ...pair_of_stages(), participantId: "nobodyhere12" };
	const call = ask("StartParticipantReplication", nobody);
	const error = await refused(call, ivs.IVSRealTimeServiceException);
	assert.match(text_of(error), /is not publishing$/);
});
await step("ListParticipantReplicas", async () => {
	const { participantId } = live;
	const { replicas } = await ask("ListParticipantReplicas", { sourceStageArn: one, participantId });
	assert.equal(replicas.length, 1);
	assert.equal(replicas[0].destinationStageArn, other);
	assert.equal(replicas[0].sourceSessionId, live.sessionId);
});
await step("StopParticipantReplication", () =>
	ask("StopParticipantReplication", pair_of_stages()));
await step("ListStageSessions", async () => {
	const { stageSessions } = await ask("ListStageSessions", { stageArn: one });
	const session = stageSessions.find((listed) => listed.sessionId === live.sessionId);
	assert.ok(session.startTime instanceof Date);
});
await step("GetStageSession", async () => {
	const { sessionId } = live;
	const { stageSession } = await ask("GetStageSession", { stageArn: one, sessionId });
	assert.equal(stageSession.sessionId, sessionId);
});
await step("ListParticipants", async () => {
	const { sessionId, participantId } = live;
	const { participants } = await ask("ListParticipants", { stageArn: one, sessionId });
	const found = participants.find((listed) => listed.participantId === participantId);
	assert.equal(found.published, true);
	assert.ok(found.firstJoinTime instanceof Date);
});
await step("GetParticipant", async () => {
	const { participant } = await ask("GetParticipant", of_live());
	assert.equal(participant.participantId, live.participantId);
});
await step("ListParticipantEvents", async () => {
	const { events } = await ask("ListParticipantEvents", of_live());
	assert.ok(events.some((event) => event.name === "PUBLISH_STARTED"));
	assert.ok(events[0].eventTime instanceof Date);
});
await step("DisconnectParticipant", async () => {
	const { participantId } = live;
	await ask("DisconnectParticipant", { stageArn: one, participantId, reason: "the end" });
});
await step("DeleteStage", async () => {
	for (const arn of arns) await ask("DeleteStage", { arn });
	await refused(ask("GetStage", { arn: one }), ivs.ResourceNotFoundException, 404);
});
process.exit(0); // connections kept alive would hold it up
