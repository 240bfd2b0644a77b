# Holds a page against Prometheus' text format 0.0.4, as far as we use it; prints what is wrong.
#   awk -v max=300 -f prometheus.awk < page
function fail(what) { print "line " NR ": " what ": " $0; bad = 1 }
# A series' own labels without le, so that the buckets of one histogram have one key.
function without_le(labels) {
	sub(/,?le="[^"]*"/, "", labels)
	return labels == "{}" ? "" : labels
}
function family_of(name,  base) {
	if (name in type) return name
	base = name
	if (sub(/_(bucket|sum|count)$/, "", base) && type[base] == "histogram") return base
	return ""
}
/^# HELP / { if ($3 in help) fail("HELP twice"); help[$3] = 1; next }
/^# TYPE / {
	if ($3 in type) fail("TYPE twice")
	if (!($3 in help)) fail("TYPE without HELP")
	if ($4 !~ /^(gauge|counter|histogram)$/) fail("type")
	type[$3] = $4; last = $3
	next
}
/^#/ || /^$/ { fail("line") ; next }
!/^[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-z_]+="([^"\\]|\\["\\n])*",?)+\})? -?[0-9.]+(e[+-]?[0-9]+)?$/ { fail("form"); next }
{
	value = $NF
	series = substr($0, 1, length($0) - length(value) - 1)
	if (series in seen) fail("series twice")
	seen[series] = 1
	name = series; sub(/\{.*/, "", name)
	labels = substr(series, length(name) + 1)
	f = family_of(name)
	if (f == "") { fail("no TYPE before"); next }
	if (f != last) fail("not with its family")
	if (name !~ /^ivs_live_/) fail("prefix")
	if (++lines[f] > max) fail("more than " max " lines of a family")
	if (type[f] != "histogram") next
	if (name == f) fail("a bare histogram")
	key = f without_le(labels)
	if (name == f "_bucket") {
		le = labels; sub(/.*le="/, "", le); sub(/".*/, "", le)
		if (value + 0 < top[key] + 0) fail("buckets must not fall")
		if (le == "+Inf") inf[key] = value
		else if (key in bound && le + 0 <= bound[key] + 0) fail("bounds must rise")
		if (key in inf && le != "+Inf") fail("+Inf must be last")
		bound[key] = le; top[key] = value
	} else if (name == f "_count") count[key] = value
	else if (name == f "_sum") sum[key] = value
}
END {
	for (key in top)
		if (!(key in inf) || !(key in sum) || inf[key] != count[key]) {
			print "histogram " key ": +Inf " inf[key] ", count " count[key] ", sum " sum[key]; bad = 1
		}
	for (f in help) if (!(f in type)) { print "no TYPE of " f; bad = 1 }
	if (NR == 0) { print "an empty page"; bad = 1 }
	exit bad
}
