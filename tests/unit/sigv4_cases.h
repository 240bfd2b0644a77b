/*
 * sigv4_cases.h - requests and what signing them must give.
 *
 * Our own cases, so that the checkout proves itself without the published vectors. The
 * expected texts were computed by a separate signer (Python's hmac and hashlib), not by
 * the code under test.
 */
#ifndef TESTS_SIGV4_CASES_H
#define TESTS_SIGV4_CASES_H

#include <stdint.h>

#define CASE_KEY_ID "AKIDOFTHETEST"
#define CASE_SECRET "x/SecretKeyOfTheTest+0123456789abcdefghi"
#define CASE_HEADERS_MAX 6

struct sigv4_case {
	const char *name;
	const char *method, *path, *query;
	const char *headers[CASE_HEADERS_MAX][2];
	const char *body;
	const char *region, *service; /* NULL: eu-central-1, ivs */
	const char *token;
	int64_t unix_s;
	const char *canonical, *signed_headers, *signature;
};

static const struct sigv4_case sigv4_cases[] = {
	{
		.name = "JSON POST with a static key",
		.method = "POST",
		.path = "/CreateParticipantToken",
		.headers = {
		    { "Content-Type", "application/json" },
		    { "Host", "ivsrealtime.eu-central-1.amazonaws.com" },
		},
		.body = "{\"stageArn\":\"arn:aws:ivs:eu-central-1:123456789012:stage/"
		    "AbCdEfGh1234\",\"duration\":60}",
		.unix_s = 1768465805,
		.canonical = "POST\n"
		    "/CreateParticipantToken\n"
		    "\n"
		    "content-type:application/json\n"
		    "host:ivsrealtime.eu-central-1.amazonaws.com\n"
		    "x-amz-date:20260115T083005Z\n"
		    "\n"
		    "content-type;host;x-amz-date\n"
		    "eb56796ba7a6e22a8425c9498312e34f2ac01500a875d626cc4c3c07a4be"
		    "bd3f",
		.signed_headers = "content-type;host;x-amz-date",
		.signature =
		    "3d35ecd389a298a1d224a178ba605f72933db3ab50919102915418d2ef43c82e",
	},
	{
		.name = "JSON POST with a session token",
		.method = "POST",
		.path = "/GetStage",
		.headers = {
		    { "Content-Type", "application/json" },
		    { "Host", "ivsrealtime.eu-central-1.amazonaws.com" },
		},
		.body = "{\"arn\":\"arn:aws:ivs:eu-central-1:123456789012:stage/AbCdE"
		    "fGh1234\"}",
		.token = "FwoGZXIvYXdzEXAMPLE//session+token==",
		.unix_s = 1768465805,
		.canonical = "POST\n"
		    "/GetStage\n"
		    "\n"
		    "content-type:application/json\n"
		    "host:ivsrealtime.eu-central-1.amazonaws.com\n"
		    "x-amz-date:20260115T083005Z\n"
		    "x-amz-security-token:FwoGZXIvYXdzEXAMPLE//session+token==\n"
		    "\n"
		    "content-type;host;x-amz-date;x-amz-security-token\n"
		    "4a72c6ad024a629189846898231554e683282c06be8870fa990d6342eada"
		    "3124",
		.signed_headers = "content-type;host;x-amz-date;x-amz-security-token",
		.signature =
		    "b8e5bfba71374f126413faf9e6c4d44d33b616f4425bcd27177775592b30ed2b",
	},
	{
		.name = "port in the Host header",
		.method = "POST",
		.path = "/ListStages",
		.headers = {
		    { "Content-Type", "application/json" },
		    { "Host", "127.0.0.1:8443" },
		},
		.body = "{}",
		.unix_s = 1768465805,
		.canonical = "POST\n"
		    "/ListStages\n"
		    "\n"
		    "content-type:application/json\n"
		    "host:127.0.0.1:8443\n"
		    "x-amz-date:20260115T083005Z\n"
		    "\n"
		    "content-type;host;x-amz-date\n"
		    "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caa"
		    "ff8a",
		.signed_headers = "content-type;host;x-amz-date",
		.signature =
		    "8ccdd7029ff711ebd7771031af2687cb3cdcd148289854073bc8405f420912da",
	},
	{
		.name = "tag path is encoded a second time",
		.method = "GET",
		.path = "/tags/arn%3Aaws%3Aivs%3Aeu-central-1%3A123456789012%3Astage%"
		    "2FAbCdEfGh1234",
		.headers = {
		    { "Host", "ivsrealtime.eu-central-1.amazonaws.com" },
		},
		.unix_s = 1768465805,
		.canonical = "GET\n"
		    "/tags/arn%253Aaws%253Aivs%253Aeu-central-1%253A123456789012%"
		    "253Astage%252FAbCdEfGh1234\n"
		    "\n"
		    "host:ivsrealtime.eu-central-1.amazonaws.com\n"
		    "x-amz-date:20260115T083005Z\n"
		    "\n"
		    "host;x-amz-date\n"
		    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852"
		    "b855",
		.signed_headers = "host;x-amz-date",
		.signature =
		    "4621012a57f831bda3c12ddd1e68c63dda3cd48258d40134df9ec7c018f73df3",
	},
	{
		.name = "query is sorted and encoded",
		.method = "DELETE",
		.path = "/tags/arn%3Aaws%3Aivs%3Aeu-central-1%3A123456789012%3Astage%"
		    "2FAbCdEfGh1234",
		.query = "tagKeys=b&tagKeys=a%20c&tagKeys=A&Z=1&tagKey=%7e*",
		.headers = {
		    { "Host", "ivsrealtime.eu-central-1.amazonaws.com" },
		},
		.unix_s = 1768465805,
		.canonical = "DELETE\n"
		    "/tags/arn%253Aaws%253Aivs%253Aeu-central-1%253A123456789012%"
		    "253Astage%252FAbCdEfGh1234\n"
		    "Z=1&tagKey=~%2A&tagKeys=A&tagKeys=a%20c&tagKeys=b\n"
		    "host:ivsrealtime.eu-central-1.amazonaws.com\n"
		    "x-amz-date:20260115T083005Z\n"
		    "\n"
		    "host;x-amz-date\n"
		    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852"
		    "b855",
		.signed_headers = "host;x-amz-date",
		.signature =
		    "e0e099a2caca1cd21c91f7f348a64a8a8fd603b0781a92d1b03a5ef9001d5efe",
	},
	{
		.name = "header values are trimmed, inner spaces made one",
		.method = "POST",
		.path = "/",
		.headers = {
		    { "X-Amz-Target", "  Some   Service.Op  " },
		    { "content-type", "application/x-amz-json-1.0" },
		    { "HOST", "monitoring.eu-central-1.amazonaws.com" },
		    { "X-Amz-Meta", "\ta  b\t" },
		},
		.body = "{}",
		.service = "monitoring",
		.unix_s = 1768465805,
		.canonical = "POST\n"
		    "/\n"
		    "\n"
		    "content-type:application/x-amz-json-1.0\n"
		    "host:monitoring.eu-central-1.amazonaws.com\n"
		    "x-amz-date:20260115T083005Z\n"
		    "x-amz-meta:a b\n"
		    "x-amz-target:Some Service.Op\n"
		    "\n"
		    "content-type;host;x-amz-date;x-amz-meta;x-amz-target\n"
		    "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caa"
		    "ff8a",
		.signed_headers = "content-type;host;x-amz-date;x-amz-meta;x-amz-target",
		.signature =
		    "1dfaaa3d51685239997c57857a81f6264d8845582a3cef6b81d7343b177de8ce",
	},
	{
		.name = "empty body",
		.method = "POST",
		.path = "/ListStages",
		.headers = {
		    { "Content-Type", "application/json" },
		    { "Host", "ivsrealtime.eu-central-1.amazonaws.com" },
		},
		.unix_s = 1768465805,
		.canonical = "POST\n"
		    "/ListStages\n"
		    "\n"
		    "content-type:application/json\n"
		    "host:ivsrealtime.eu-central-1.amazonaws.com\n"
		    "x-amz-date:20260115T083005Z\n"
		    "\n"
		    "content-type;host;x-amz-date\n"
		    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852"
		    "b855",
		.signed_headers = "content-type;host;x-amz-date",
		.signature =
		    "debff661919b4a95d7baeca31c8ec047740847b556cd02d400056aef4411e05a",
	},
	{
		.name = "dot and empty segments go",
		.method = "GET",
		.path = "/a/./b//../c/..//d/",
		.headers = {
		    { "Host", "ivsrealtime.eu-central-1.amazonaws.com" },
		},
		.unix_s = 1768465805,
		.canonical = "GET\n"
		    "/a/d/\n"
		    "\n"
		    "host:ivsrealtime.eu-central-1.amazonaws.com\n"
		    "x-amz-date:20260115T083005Z\n"
		    "\n"
		    "host;x-amz-date\n"
		    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852"
		    "b855",
		.signed_headers = "host;x-amz-date",
		.signature =
		    "16154ae5ccb27255c468693c4eddcc6a1ece6932b4f776cde8e60eaf0f3b385d",
	},
	{
		.name = "nothing is above the root",
		.method = "GET",
		.path = "/../../x",
		.headers = {
		    { "Host", "ivsrealtime.eu-central-1.amazonaws.com" },
		},
		.unix_s = 1768465805,
		.canonical = "GET\n"
		    "/x\n"
		    "\n"
		    "host:ivsrealtime.eu-central-1.amazonaws.com\n"
		    "x-amz-date:20260115T083005Z\n"
		    "\n"
		    "host;x-amz-date\n"
		    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852"
		    "b855",
		.signed_headers = "host;x-amz-date",
		.signature =
		    "0df02955685d288f81223f4e74013bcbb264bc6002e8164c55b2471417d94989",
	},
	{
		.name = "a header given twice is joined in order",
		.method = "GET",
		.path = "/",
		.headers = {
		    { "X-Amz-Meta", "two" },
		    { "Host", "ivsrealtime.eu-central-1.amazonaws.com" },
		    { "x-amz-meta", "one" },
		},
		.unix_s = 1768465805,
		.canonical = "GET\n"
		    "/\n"
		    "\n"
		    "host:ivsrealtime.eu-central-1.amazonaws.com\n"
		    "x-amz-date:20260115T083005Z\n"
		    "x-amz-meta:two,one\n"
		    "\n"
		    "host;x-amz-date;x-amz-meta\n"
		    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852"
		    "b855",
		.signed_headers = "host;x-amz-date;x-amz-meta",
		.signature =
		    "38d3775fe2a3b140a0005484996aa1f5c16e5b181542ce423ba833f572ba7e22",
	},
	{
		.name = "parameter without value, UTF-8 and plus",
		.method = "GET",
		.path = "/\347\264\205/+",
		.query = "flag&\345\256\266=a+b&x==y",
		.headers = {
		    { "Host", "ivsrealtime.eu-central-1.amazonaws.com" },
		},
		.unix_s = 1768465805,
		.canonical = "GET\n"
		    "/%E7%B4%85/%2B\n"
		    "%E5%AE%B6=a%2Bb&flag=&x=%3Dy\n"
		    "host:ivsrealtime.eu-central-1.amazonaws.com\n"
		    "x-amz-date:20260115T083005Z\n"
		    "\n"
		    "host;x-amz-date\n"
		    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852"
		    "b855",
		.signed_headers = "host;x-amz-date",
		.signature =
		    "473c49ca9da36f3800cb9e7f40b98c2b745a2d4e244d3697b15e9f2c01fed868",
	},
	{
		.name = "last day of a leap year, another region",
		.method = "POST",
		.path = "/GetStage",
		.headers = {
		    { "Content-Type", "application/json" },
		    { "Host", "ivsrealtime.us-west-2.amazonaws.com" },
		},
		.body = "{}",
		.region = "us-west-2",
		.unix_s = 1735689599,
		.canonical = "POST\n"
		    "/GetStage\n"
		    "\n"
		    "content-type:application/json\n"
		    "host:ivsrealtime.us-west-2.amazonaws.com\n"
		    "x-amz-date:20241231T235959Z\n"
		    "\n"
		    "content-type;host;x-amz-date\n"
		    "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caa"
		    "ff8a",
		.signed_headers = "content-type;host;x-amz-date",
		.signature =
		    "06c710da5ce7f25bc76e0d56443593de410354eab7dac7f02dc87875e73646aa",
	},
};

#endif
