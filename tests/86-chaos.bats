# What breaks while a show runs: the quick cases of tests/chaos, with small numbers. Each is a
# program with a stack of its own; here several run beside each other, for they mostly wait.
# Not here: R05 and R57 (87-scaling.bats and 42-aws.bats have them), R17 (54-model.bats), R07 (85-hard.bats),
# R20 (half a minute of waiting), R56 (mounts disks), R33 (91-alone.bats).

load lib/common

setup_file() {
	export CHAOS_SIZE=quick OUT=$BATS_FILE_TMPDIR
	# shellcheck disable=SC2016 # the variables are the inner shell's
	printf '%s\n' R14b R14 R13 R30 R11 R25 R28 R66 R67 R08 R26 R31 R01 R64 |
		xargs -P 4 -I{} bash -c 'bash "$PROJECT_ROOT"/tests/chaos/{}-*.bash >"$OUT/{}" 2>&1
			echo "$?" >"$OUT/{}.status"' 3>&-
}
teardown_file() { :; } # nobody came to the show of the suite

held() { # CASE
	cat "$BATS_FILE_TMPDIR/$1"
	[ "$(<"$BATS_FILE_TMPDIR/$1.status")" = 0 ]
}

@test "R01: 500 at once for the last seat: exactly one gets it" { held R01; }
@test "R08: workers restarted one by one under load: no request fails" { held R08; }
@test "R11: viewers who vanish are gone in time, as of their last heartbeat" { held R11; }
@test "R13: Redis killed: 503 meanwhile, then everybody is still there" { held R13; }
@test "R14: FLUSHALL: everybody is still there" { held R14; }
@test "R14b: an old copy of Redis, and an empty one, again and again: nothing is lost, nothing opens" { held R14b; }
@test "R25: Redis frozen: health says so at once, nobody loses his seat" { held R25; }
@test "R26: PostgreSQL stopped: degraded, nobody refused, nothing lost" { held R26; }
@test "R28: AWS a black hole: local tokens as ever, api tokens refused in time" { held R28; }
@test "R30: the replica promoted: only 503 in between, then everybody is there" { held R30; }
@test "R31: a Redis user with few rights is refused nothing" { held R31; }
@test "R64: snapshots at once, left out, killed: one row for each slot" { held R64; }
@test "R66: a frozen worker holds nobody up and undoes nothing" { held R66; }
@test "R67: programs restarted under load: no request fails; with sockets of their own only 503" { held R67; }
