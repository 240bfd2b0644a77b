# What is judged by how long it takes, on a machine that does nothing else meanwhile (tests/run).
# bats file_tags=alone

load lib/common

@test "R33: a bad network to both stores: 2 % of the joins fail at most, and nothing comes twice" {
	"$PROJECT_ROOT/tests/chaos/run" --quick R33
}
