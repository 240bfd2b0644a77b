#include "tests/tools/model/world.h"
#include "base/banned.h"
int
model_races(const struct config *cfg, int argc, char **argv)
{
	(void)cfg, (void)argc, (void)argv;
	return 64;
}
