-- wrk: heartbeats of VIEWERS seated viewers, spread over the stages named in STAGES.
local requests, i = {}, 0
function init(args)
	local stages = {}
	for arn in os.getenv('STAGES'):gmatch('%S+') do stages[#stages + 1] = arn end
	local headers = {['Content-Type'] = 'application/json', ['X-Api-Key'] = os.getenv('API_SECRET_KEY')}
	for n = 1, tonumber(os.getenv('VIEWERS')) do
		requests[n] = wrk.format('POST', '/api/viewer/heartbeat', headers,
			string.format('{"userId":"bench-%d","stageArn":"%s"}', n, stages[(n - 1) % #stages + 1]))
	end
end
function request()
	i = i % #requests + 1
	return requests[i]
end
-- One line: requests, bad answers, microseconds, p50, p99.
function done(summary, latency)
	local bad = summary.errors.status + summary.errors.read + summary.errors.timeout
		+ summary.errors.connect + summary.errors.write
	io.write(string.format('WRK %d %d %d %d %d\n', summary.requests, bad, summary.duration,
		latency:percentile(50), latency:percentile(99)))
end
