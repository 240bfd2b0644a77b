# Settings for the scripts. The scripts read no settings file themselves: they ask ivsctl, so
# that a value is what the programs take it for, whatever the form of the file.
# shellcheck shell=bash

# ivsctl of the tree, of what was installed beside the scripts, or of the PATH. IVSCTL names
# another one; the scripts of a tree that is built elsewhere are told by BUILD_DIR.
find_ivsctl() {
	local deploy path
	deploy=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
	for path in "${IVSCTL:-}" "${BUILD_DIR:+$BUILD_DIR/ctl/ivsctl}" \
		"$deploy/../build/release/ctl/ivsctl" "$deploy/../../../bin/ivsctl" \
		"$(type -P ivsctl || true)"; do
		[[ ! $path || ! -x $path ]] || { echo "$path" && return; }
	done
	return 1
}

# ask_settings [--given] NAME...: sets the variables, secrets included; with --given only those
# that environment or file give. Values come by a pipe: arguments are in the process list.
ask_settings() {
	local program text
	program=$(find_ivsctl) || die "ivsctl is missing, which reads the settings: make, make install," \
		"or name it in IVSCTL"
	text=$("$program" settings --sh "$@") || die "the settings cannot be used"
	eval "$text"
}

# Takes what libpq finds in the environment out of it: PGHOSTADDR, PGSERVICE and the like lead to
# another database than the settings name. PGSSLROOTCERT stays, as docs/deployment.md says.
forget_libpq() {
	local name
	for name in "${!PG@}"; do
		[[ $name == PGSSLROOTCERT ]] || unset -v "$name"
	done
}
