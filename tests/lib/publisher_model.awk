# publisher_model.awk - random steps for publisher_note, as commands of redis-cli on stdout; what a
# plain model of the rules answers to each goes into the file `want`.
function pick(n) { return int(rand() * n) }
function starts(p) { return on[p] ? sprintf("%.0f", e[p]) : "" }
function picture() { return live "," cur "," starts(cur) "," dp "," don "," sprintf("%.0f", de) }

# Who is on the air of a stage: `keep` if he is, else the latest.
function on_air(stage, keep,   p, best) {
	if (keep != "" && on[keep] && where[keep] == stage) return keep
	best = ""
	for (p in where)
		if (on[p] && where[p] == stage &&
		    (best == "" || e[p] > e[best] || (e[p] == e[best] && p > best))) best = p
	return best
}
function settle(why,   p) {
	p = on_air(M, live ? cur : "")
	live = p != ""
	if (live) cur = p
	source = why
}
function direct(   p, q) {
	p = on_air(S, dp)
	if (p == "")
		for (q in where)
			if (where[q] == S && e[q] > 0 && (p == "" || e[q] > e[p] || (e[q] == e[p] && q > p))) p = q
	if (p != "") { dp = p; don = on[p]; de = e[p] }
}
function learn(p, stage) {
	where[p] = stage
	at[p] = now
	if (!(p in e)) { e[p] = 0; on[p] = 0; issued[p] = 0 }
}

function token(p, stage) {
	learn(p, stage)
	issued[p] = now
	if (stage == M && (!live || cur == "" || (source == "token" && e[cur] + 0 == 0))) {
		live = 1; cur = p; source = "token"
	}
	return "OK"
}
function event(p, stage, start, t,   again) {
	look = 0
	if (t > now + 300000) { look = 1; return "AHEAD" }
	again = (p in e) && e[p] == t && on[p] == start
	if (t < now - 86400000 || ((p in e) && e[p] >= t && !again)) {
		look = (p in e) && e[p] == t
		return "OUTDATED"
	}
	if (!again) { learn(p, stage); e[p] = t; on[p] = start }
	if (t < now - 300000) { look = 1; return "LATE" }
	if (again) return "OK"
	if (stage == S) direct()
	else if (start) {
		if (!live || p == cur || !on[cur]) { live = 1; cur = p; source = "eventbridge" }
	} else if (live && p == cur) settle("eventbridge")
	return "OK"
}
# Reads the list it builds into `json`.
function aws(stage, began,   p, i, t, start, listed, newer) {
	json = ""
	split("", listed)
	for (i = 0; i < 4; i++) {
		if (rand() < 0.5) continue
		p = (stage == M ? "m" : "s") i
		t = now - pick(20000)
		start = pick(2)
		json = json (json == "" ? "" : ",") "{\\\"p\\\":\\\"" p "\\\",\\\"on\\\":" (start ? "true" : "false") \
			",\\\"e\\\":" sprintf("%.0f", t) ",\\\"u\\\":\\\"\\\"}"
		newer = (p in e) && int(e[p] / 1000) > int(t / 1000)
		listed[p] = start || (newer && at[p] >= began - 60000)
		if (newer && listed[p]) continue
		learn(p, stage)
		at[p] = began
		on[p] = start
		if (t > e[p]) e[p] = t
	}
	for (p in where)
		if (where[p] == stage && on[p] && !listed[p] && at[p] < began) { on[p] = 0; at[p] = began }
	if (stage == S) { if (don || on_air(S, "") != "" || any(S)) direct() }
	else if (!(live && source == "token" && e[cur] == 0 && issued[cur] > now - 60000 && on_air(M, "") == ""))
		settle("aws")
	return "OK"
}
function any(stage,   p) {
	for (p in where) if (where[p] == stage && e[p] > 0) return 1
	return 0
}
function when(   r) {
	r = rand()
	if (r < 0.80) return now - pick(3000)
	if (r < 0.95) return now - pick(700000)
	if (r < 0.98) return now - 86400000 - 1 - pick(1000)
	return now + 300001 + pick(1000)
}

BEGIN {
	srand(seed)
	live = 0
	for (i = 0; i < 4; i++) issued["m" i] += 0
	for (step = 0; step < steps; step++) {
		now += pick(4000)
		before = picture()
		look = 0
		r = rand()
		stage = rand() < 0.75 ? M : S
		p = (stage == M ? "m" : "s") pick(4)
		what = ""; t = 0; json = ""; user = ""
		if (r < 0.15) {
			input = "token"; user = "u"
			word = token(p, stage)
		} else if (r < 0.22) {
			input = "hand"; stage = ""; p = ""
			what = pick(2) ? "live" : "offline"
			live = what == "live"; source = "hand"
			word = "OK"
		} else if (r < 0.85) {
			input = "event"; user = "u"
			start = pick(2); what = start ? "on" : "off"
			t = (p in e) && rand() < 0.1 ? e[p] : when()
			word = event(p, stage, start, t)
		} else {
			input = "aws"; t = now - pick(3000); p = ""
			word = aws(stage, t)
		}
		printf "evalsha %s 1 %s \"\" 0 0 %.0f 60000 %s 50 %s \"%s\" \"%s\" \"%s\" \"%s\" %.0f \"[%s]\" 60000\n",
			sha, T, now, M, input, stage, p, user, what, t, json
		print word, (live ? "live" : "offline"), (live ? cur : ""), (picture() != before) + 0, look + 0 > want
	}
}
