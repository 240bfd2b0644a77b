/* messages: every text is there in both languages; the three fixed ones are exact. */
#include "base/messages.h"

#include "base/parse.h"
#include "tap.h"
#include "base/banned.h"

static bool
has_chinese(const char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s >= 0xe4 && (unsigned char)*s <= 0xe9)
			return true;
	}
	return false;
}

static void
test_all_filled(void)
{
	size_t chars;
	int id;

	for (id = MSG_NONE + 1; id < MSG_COUNT; id++) {
		const char *zh = message((enum msg)id, LANG_ZH_TW);
		const char *en = message((enum msg)id, LANG_EN);

		ok(zh != NULL && en != NULL && zh[0] != '\0' && en[0] != '\0',
		    "text %d is there", id);
		if (zh == NULL || en == NULL)
			continue;
		ok(has_chinese(zh) && !has_chinese(en), "text %d is in its language", id);
		ok(parse_utf8(str_of(zh), &chars) && !parse_has_control(str_of(zh)) &&
			!parse_has_control(str_of(en)),
		    "text %d is clean", id);
	}
}

int
main(void)
{
	test_all_filled();
	is_text(message(MSG_REJOINED, LANG_ZH_TW), "重新加入成功", "rejoin");
	is_text(message(MSG_HEARTBEAT_UPDATED, LANG_ZH_TW), "心跳更新成功", "heartbeat");
	is_text(message(MSG_LEFT, LANG_ZH_TW), "觀眾離開記錄成功", "leave");
	ok(strstr(message(MSG_OBS_METHOD, LANG_EN), ".join()") != NULL, "how to publish");
	is_text(message(MSG_NONE, LANG_EN), "", "none is empty");
	is_text(message(MSG_COUNT, LANG_EN), "", "out of range is empty");
	is_text(message(MSG_LEFT, LANG_COUNT), "", "an unknown language is empty");
	return done_testing();
}
