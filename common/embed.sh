#!/bin/sh
# embed.sh - turn Lua scripts or SQL statements into a C table.
#   embed.sh scripts|queries DIR OUT_BASE     writes OUT_BASE.h and OUT_BASE.c
#   embed.sh schema DIR OUT_BASE              writes OUT_BASE.h: the numbers of the migrations
# One enum value per file, in the order of the names. A Lua line "--@include a b" is replaced
# by lib/a.lua and lib/b.lua. Comment lines and indentation are left out, so that what
# Redis and PostgreSQL keep is small; the SHA-1 is that of the text as embedded.
set -eu
kind=$1 dir=$2 out=$3
case $kind in
scripts) ext=lua upper=SCRIPT name=script ;;
queries) ext=sql upper=Q name=query ;;
schema)
	{
		echo "/* Made by embed.sh; do not edit. */"
		echo "static const int schema_versions[] = {"
		for f in "$dir"/*.sql; do basename "$f" | sed 's/^0*\([0-9]*\)_.*/	\1,/'; done
		echo "};"
	} > "$out.h.tmp"
	mv "$out.h.tmp" "$out.h"
	exit
	;;
*) echo "embed.sh: unknown kind '$kind'" >&2; exit 64 ;;
esac

# The text of one file as it is sent.
text() {
	awk -v lib="$dir/lib" '
		function put(line) { sub(/^[ \t]+/, "", line); if (line != "" && line !~ /^--/) print line }
		function include(file,  line, got) {
			while ((got = (getline line < file)) > 0) put(line)
			if (got < 0) { print "embed.sh: no " file > "/dev/stderr"; failed = 1; exit 1 }
			close(file)
		}
		/^--@include / { for (i = 2; i <= NF; i++) include(lib "/" $i ".lua"); next }
		{ put($0) }
		END { exit failed }' "$1"
}
# Whether a script reads or changes the state of the show (lib/epoch.lua).
needs_state() { if grep -qE '^--@include.* epoch( |$)' "$1"; then echo 1; else echo 0; fi; }
c_string() { sed 's/\\/\\\\/g; s/"/\\"/g; s/^/	    "/; s/$/\\n"/'; }
constant() { basename "$1" ".$ext" | tr '[:lower:]' '[:upper:]' | sed "s/^/${upper}_/"; }

{
	echo "/* Made by embed.sh; do not edit. */"
	echo "#ifndef GEN_${upper}_H"
	echo "#define GEN_${upper}_H"
	echo "enum $name {"
	for f in "$dir"/*."$ext"; do echo "	$(constant "$f"),"; done
	echo "	${upper}_COUNT"
	echo "};"
	echo "struct ${name}_text { const char *name, *text, *sha1; int needs_state; };"
	echo "extern const struct ${name}_text ${name}_texts[${upper}_COUNT];"
	echo "#endif"
} > "$out.h.tmp"
{
	echo "/* Made by embed.sh; do not edit. */"
	echo "#include \"gen/$(basename "$out").h\""
	echo "const struct ${name}_text ${name}_texts[${upper}_COUNT] = {"
	for f in "$dir"/*."$ext"; do
		text "$f" > "$out.text.tmp"
		echo "	[$(constant "$f")] = {"
		echo "	    \"$(basename "$f" ".$ext")\","
		c_string < "$out.text.tmp"
		echo "	    , \"$(sha1sum < "$out.text.tmp" | cut -d' ' -f1)\", $(needs_state "$f") },"
	done
	echo "};"
} > "$out.c.tmp"
rm -f "$out.text.tmp"
mv "$out.h.tmp" "$out.h"
mv "$out.c.tmp" "$out.c"
