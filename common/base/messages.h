/*
 * messages.h - the texts that users read, in two languages.       layer: base
 *
 * One catalogue (messages.c). Codes are the contract; texts may improve. A text
 * says what is wrong and what to do next.
 */
#ifndef BASE_MESSAGES_H
#define BASE_MESSAGES_H

enum lang { LANG_ZH_TW, LANG_EN, LANG_COUNT };

enum msg {
	MSG_NONE = 0,
	/* success */
	MSG_REJOINED,
	MSG_HEARTBEAT_UPDATED,
	MSG_LEFT,
	MSG_PUBLISHER_SET,
	MSG_OBS_METHOD,
	/* the usual text of each kind of error */
	MSG_BAD_REQUEST,
	MSG_UNAUTHORIZED,
	MSG_FORBIDDEN,
	MSG_NOT_FOUND,
	MSG_METHOD_NOT_ALLOWED,
	MSG_CONFLICT,
	MSG_TOO_LARGE,
	MSG_RATE_LIMITED,
	MSG_STAGE_FULL,
	MSG_STAGE_LIMIT,
	MSG_TOKEN_FAILED,
	MSG_UNAVAILABLE,
	MSG_INTERNAL,
	/* more exact ones */
	MSG_BODY_NOT_OBJECT,
	MSG_BODY_DUPLICATE,
	MSG_FIELDS_WRONG,
	MSG_PATH_WRONG,
	MSG_HEADER_TWICE,
	MSG_QUERY_WRONG,
	MSG_WRONG_KEY,
	MSG_READ_KEY_ONLY_GET,
	MSG_INTERNAL_SECRET,
	MSG_INTERNAL_SECRET_UNSET,
	MSG_NO_ROUTE,
	MSG_NO_STAGE,
	MSG_NO_SESSION,
	MSG_PUBLISHER_OFFLINE,
	MSG_REDIS_AWAY,
	MSG_POSTGRES_AWAY,
	MSG_AWS_AWAY,
	MSG_SHORT_ID_WANTED,
	/* reasons in details.invalidFields */
	MSG_WHY_STRING,
	MSG_WHY_EMPTY,
	MSG_WHY_BOOLEAN,
	MSG_WHY_LENGTH_100,
	MSG_WHY_LENGTH_255,
	MSG_WHY_CONTROL,
	MSG_WHY_ARN,
	MSG_WHY_RANGE,
	MSG_WHY_TOKEN,
	MSG_COUNT
};

const char *message(enum msg id, enum lang lang);

#endif
