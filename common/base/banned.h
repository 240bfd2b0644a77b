/*
 * banned.h - library calls that are too easy to get wrong.        layer: base
 *
 * Included last by every .c of the project; using one of these names does not
 * compile. What to use instead stands beside each.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#define BANNED(name) banned_call_##name##_is_not_allowed_here

#undef strcpy
#define strcpy(d, s) BANNED(strcpy) /* struct buf */
#undef strcat
#define strcat(d, s) BANNED(strcat) /* struct buf */
#undef strncpy
#define strncpy(d, s, n) BANNED(strncpy) /* struct str, memcpy */
#undef strncat
#define strncat(d, s, n) BANNED(strncat) /* struct buf */
#undef sprintf
#define sprintf(...) BANNED(sprintf) /* snprintf, buf_printf */
#undef vsprintf
#define vsprintf(...) BANNED(vsprintf) /* vsnprintf */
#undef strtok
#define strtok(s, d) BANNED(strtok) /* base/parse.h */
#undef atoi
#define atoi(s) BANNED(atoi) /* parse_i64 */
#undef atol
#define atol(s) BANNED(atol) /* parse_i64 */
#undef gmtime
#define gmtime(t) BANNED(gmtime) /* clock_iso8601 */
#undef localtime
#define localtime(t) BANNED(localtime) /* clock_iso8601 */
#undef asctime
#define asctime(t) BANNED(asctime) /* clock_iso8601 */
#undef system
#define system(c) BANNED(system) /* no shell from here */

#endif
