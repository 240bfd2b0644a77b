#include "base/messages.h"

#include "base/banned.h"

/* It would tear the texts apart: */
/* clang-format off */
static const char *const texts[MSG_COUNT][LANG_COUNT] = {
	[MSG_NONE] = { "", "" },
	[MSG_REJOINED] = { "重新加入成功", "Rejoined." },
	[MSG_HEARTBEAT_UPDATED] = { "心跳更新成功", "Heartbeat updated." },
	[MSG_LEFT] = { "觀眾離開記錄成功", "The viewer's leaving was recorded." },
	[MSG_PUBLISHER_SET] = { "主播狀態已更新", "The publisher's state was updated." },
	[MSG_OBS_METHOD] = {
	    "安裝 amazon-ivs-web-broadcast 後，執行 "
	    "const stage = new Stage(token, strategy); await stage.join();"
	    "，由 strategy.stageStreamsToPublish() 提供攝影機與麥克風的串流",
	    "With amazon-ivs-web-broadcast, run "
	    "const stage = new Stage(token, strategy); await stage.join(); where "
	    "strategy.stageStreamsToPublish() returns the camera and microphone "
	    "streams." },
	[MSG_BAD_REQUEST] = { "請求內容有誤，請對照 API 文件修正後再送出",
	    "The request is not valid: correct it as the API documentation shows and "
	    "send it again." },
	[MSG_UNAUTHORIZED] = { "缺少驗證資訊，請在 x-api-key 標頭提供 API Key",
	    "No credential was sent: put your API key into the x-api-key header." },
	[MSG_FORBIDDEN] = { "此金鑰無權執行這項操作，請改用有權限的金鑰",
	    "This credential may not do that: use one that has the permission." },
	[MSG_NOT_FOUND] = { "找不到指定的資源，請確認識別碼是否正確",
	    "There is no such thing: check the identifier." },
	[MSG_METHOD_NOT_ALLOWED] = {
	    "此路徑不支援這個 HTTP 方法，可用的方法請見 Allow 標頭",
	    "This path does not take that method: the Allow header lists those it "
	    "takes." },
	[MSG_CONFLICT] = { "目前狀態不允許這項操作，請重新查詢狀態後再試",
	    "The present state does not allow this: read the state again, then retry." },
	[MSG_TOO_LARGE] = { "請求內容過大，請縮減後再送出",
	    "The request body is too large: send a smaller one." },
	[MSG_RATE_LIMITED] = { "請求過於頻繁，請依 Retry-After 標頭指定的秒數等候後再試",
	    "Too many requests: wait for the seconds in the Retry-After header, then "
	    "retry." },
	[MSG_STAGE_FULL] = { "目前沒有空位，請稍後再試",
	    "Every seat is taken: try again in a moment." },
	[MSG_STAGE_LIMIT] = {
	    "Stage 數量已達上限，請先刪除不用的 Stage 或調高 MAX_STAGES",
	    "The largest number of stages is reached: delete one that is not in use or "
	    "raise MAX_STAGES." },
	[MSG_TOKEN_FAILED] = { "無法產生 Token，請稍後再試；若持續發生請聯絡管理員",
	    "The token could not be made: try again, and tell the operator if it "
	    "persists." },
	[MSG_UNAVAILABLE] = { "服務暫時無法使用，請稍後再試",
	    "The service is not available at the moment: try again shortly." },
	[MSG_INTERNAL] = { "伺服器內部錯誤，請稍後再試；回報時請附上 X-Request-Id",
	    "Something failed in the server: try again, and quote X-Request-Id when you "
	    "report it." },
	[MSG_KEY_REUSED] = {
	    "這個 Idempotency-Key 已用於內容不同的請求，新的請求請使用新的 Key",
	    "This Idempotency-Key came before with another request: use a new key for a "
	    "new request." },
	[MSG_AWS_THROTTLED] = {
	    "AWS 呼叫過於頻繁，請依 Retry-After 標頭指定的秒數等候後再試",
	    "AWS is being called too often: wait for the seconds in the Retry-After "
	    "header, then retry." },
	[MSG_AWS_QUOTA] = {
	    "AWS 帳號的配額已用完，請刪除不用的資源，或請管理員向 AWS 申請提高配額",
	    "A quota of the AWS account is used up: delete what is not in use, or have the "
	    "operator ask AWS for more." },
	[MSG_AWS_DENIED] = { "AWS 拒絕了伺服器的憑證或權限，請管理員檢查 AWS 金鑰與 IAM 權限",
	    "AWS refuses this server's keys or what they may do: the operator must check the "
	    "AWS keys and IAM permissions." },
	[MSG_AWS_UNVERIFIED] = { "AWS 正在驗證此帳號，請稍後再試；若持續發生請聯絡 AWS 支援",
	    "AWS is still verifying the account: try again later, and ask AWS support if it "
	    "persists." },
	[MSG_BODY_NOT_OBJECT] = {
	    "請求內容必須是一個 UTF-8 的 JSON 物件，且字串中不可有 \\u0000，請檢查格式",
	    "The body must be one JSON object in UTF-8, without \\u0000 in its strings: check "
	    "its syntax." },
	[MSG_BODY_DUPLICATE] = { "JSON 物件中有重複的欄位，每個欄位只能出現一次",
	    "A member appears twice in the JSON object: send each member once." },
	[MSG_FIELDS_WRONG] = { "缺少必要欄位或欄位內容有誤，請依 details 所列修正",
	    "Members are missing or not valid: correct those that details lists." },
	[MSG_PATH_WRONG] = { "網址路徑無法解碼，請以 %2F 這樣的百分號編碼書寫",
	    "The path cannot be decoded: write special characters as percent escapes like %2F." },
	[MSG_HEADER_TWICE] = { "同一個標頭以兩種寫法（連字號與底線）送出，請只送出一次",
	    "A header came in two spellings, with hyphens and with underscores: send it once." },
	[MSG_QUERY_WRONG] = { "只能出現一次，且須以正確的百分號編碼書寫",
	    "must be given once, with valid percent escapes" },
	[MSG_WRONG_KEY] = { "驗證失敗，請確認 x-api-key 標頭中的 API Key 是否正確",
	    "The key was not accepted: check the API key in the x-api-key header." },
	[MSG_READ_KEY_ONLY_GET] = {
	    "此為唯讀金鑰，只能用於 GET；請改用完整權限的 API Key",
	    "This is a read key and good for GET only: use a full API key." },
	[MSG_INTERNAL_SECRET] = { "x-internal-secret 標頭缺少或不正確，請提供正確的值",
	    "The x-internal-secret header is missing or wrong: send the right value." },
	[MSG_INTERNAL_SECRET_UNSET] = {
	    "伺服器未設定 INTERNAL_SECRET，請管理員設定後再試",
	    "INTERNAL_SECRET is not set on this server: the operator must set it." },
	[MSG_NO_ROUTE] = { "找不到此 API 路徑，可用的端點請見 GET /",
	    "There is no such API path: GET / lists the endpoints." },
	[MSG_NO_STAGE] = { "找不到此 Stage，請以 GET /api/stage/list 確認 stageArn",
	    "There is no such stage: find the right stageArn with GET /api/stage/list." },
	[MSG_NO_SESSION] = {
	    "這位觀眾不在該 Stage，請先呼叫 POST /api/viewer/rejoin 重新加入",
	    "The viewer is not on that stage: join again with POST /api/viewer/rejoin." },
	[MSG_PUBLISHER_OFFLINE] = {
	    "主播尚未開播，請依 Retry-After 標頭指定的秒數等候後再試",
	    "The publisher is not live yet: wait for the seconds in the Retry-After "
	    "header, then retry." },
	[MSG_NOT_PUBLISHING] = { "這位參與者目前沒有在推流，請先開始推流再試",
	    "The participant is not publishing: start publishing first, then retry." },
	[MSG_REDIS_AWAY] = { "無法連線至 Redis，請稍後再試",
	    "Redis cannot be reached at the moment: try again shortly." },
	[MSG_POSTGRES_AWAY] = { "無法連線至 PostgreSQL，請稍後再試",
	    "PostgreSQL cannot be reached at the moment: try again shortly." },
	[MSG_AWS_AWAY] = { "無法連線至 AWS，請稍後再試",
	    "AWS cannot be reached at the moment: try again shortly." },
	[MSG_SHORT_ID_WANTED] = {
	    "此路徑使用簡短的 stageId；完整 ARN 請改用 GET /api/stats/stages?arn=",
	    "This path takes the short stageId: for a full ARN use "
	    "GET /api/stats/stages?arn=." },
	[MSG_WHY_EMPTY] = { "不可為空字串：請填入值或省略此欄位",
	    "must not be empty: give a value or leave it out" },
	[MSG_WHY_STRING] = { "必須是字串", "must be a string" },
	[MSG_WHY_BOOLEAN] = { "必須是 true 或 false", "must be true or false" },
	[MSG_WHY_LENGTH_100] = { "長度必須為 1 到 100 個字元",
	    "must be 1 to 100 characters long" },
	[MSG_WHY_LENGTH_255] = { "長度必須為 1 到 255 個字元",
	    "must be 1 to 255 characters long" },
	[MSG_WHY_CONTROL] = { "必須是有效的 UTF-8，且不得含有控制字元",
	    "must be valid UTF-8 without control characters" },
	[MSG_WHY_ARN] = {
	    "必須是 Stage ARN，格式為 arn:aws:ivs:<區域>:<12 位帳號>:stage/<識別碼>",
	    "must be a stage ARN of the form "
	    "arn:aws:ivs:<region>:<12-digit account>:stage/<id>" },
	[MSG_WHY_RANGE] = { "必須是此範圍內的整數：", "must be a whole number in the range" },
	[MSG_WHY_TOKEN] = { "不是有效的分頁標記，請使用上一頁回傳的值",
	    "is not a valid page mark: pass on the one the page before returned" },
};
/* clang-format on */

const char *
message(enum msg id, enum lang lang)
{
	if ((unsigned)id >= MSG_COUNT || (unsigned)lang >= LANG_COUNT)
		return "";
	return texts[id][lang];
}
