#include "base/messages.h"

#include <stddef.h>

#include "base/banned.h"

/* It would tear the texts apart: */
/* clang-format off */
static const char *const texts[MSG_COUNT][LANG_COUNT] = {
	[MSG_NONE] = { "", "" },
	[MSG_REJOINED] = { "重新加入成功", "Rejoined." },
	[MSG_HEARTBEAT_UPDATED] = { "心跳更新成功", "Heartbeat updated." },
	[MSG_LEFT] = { "觀眾離開記錄成功", "The viewer's leaving was recorded." },
	[MSG_PUBLISHER_SET] = { "主播狀態已更新", "The publisher's state was updated." },
	[MSG_STAGE_DELETED] = { "Stage 已刪除", "The stage was deleted." },
	[MSG_REPLICATION_STARTED] = { "已開始複製參與者", "Replication was started." },
	[MSG_REPLICATION_STOPPED] = { "已停止複製參與者", "Replication was stopped." },
	[MSG_EVENT_NOTED] = { "事件已記錄", "The event was noted." },
	[MSG_EVENT_UNUSED] = { "此事件與主播狀態無關，未採用",
	    "The event says nothing about who publishes and was not used." },
	[MSG_EVENT_NOT_OURS] = { "此事件的 Stage 不屬於本系統，未採用",
	    "The event is of a stage that is not ours and was not used." },
	[MSG_EVENT_OUTDATED] = { "已有較新的事件，此事件未採用",
	    "Something newer is known of this participant: the event was not used." },
	[MSG_EVENT_LATE] = { "此事件過舊，僅記錄而不改變狀態",
	    "The event is old: it was noted and changes nothing by itself." },
	[MSG_EVENT_AHEAD] = { "此事件的時間在未來，未採用；請檢查伺服器時鐘",
	    "The event's time is in the future: it was not used; check the clock of this "
	    "server." },
	[MSG_OBS_METHOD] = {
	    "安裝 amazon-ivs-web-broadcast 後，執行 "
	    "const stage = new Stage(token, strategy); await stage.join();"
	    "，由 strategy.stageStreamsToPublish() 提供攝影機與麥克風的串流",
	    "With amazon-ivs-web-broadcast, run "
	    "const stage = new Stage(token, strategy); await stage.join(); where "
	    "strategy.stageStreamsToPublish() returns the camera and microphone "
	    "streams." },
	[MSG_KICKED] = { "已將觀眾移出", "The viewer was sent off." },
	[MSG_KICKED_NOBODY] = { "這位觀眾目前沒有座位，無需移出",
	    "The viewer has no seat at the moment: there was none to free." },
	[MSG_UNBANNED] = { "已解除封鎖", "The viewer is not banned any more." },
	[MSG_FORGOTTEN] = { "已刪除此人的所有紀錄；封鎖（若有）也一併解除",
	    "Everything kept about this person was deleted; a ban, if there was one, is lifted, "
	    "too." },
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
	[MSG_KEY_EXPIRED] = { "此 API Key 已過期，請改用新的 Key（ivsctl key create 或 rotate）",
	    "This API key has expired: use a new one (ivsctl key create or rotate)." },
	[MSG_KEY_SCOPE] = {
	    "此 API Key 的權限範圍（scope）不包含這項操作，請改用有此範圍的 Key",
	    "The scopes of this API key do not include this call: use a key that has the "
	    "scope." },
	[MSG_NO_KEY_NO_SESSION] = {
	    "缺少驗證資訊，請在 x-api-key 標頭提供 API Key，或以 Authorization: Bearer 提供 sessionToken",
	    "No credential was sent: put your API key into the x-api-key header, or the "
	    "sessionToken behind Authorization: Bearer." },
	[MSG_SESSION_UNSET] = {
	    "伺服器未設定 SESSION_SECRET，無法使用 sessionToken；請管理員設定後再試",
	    "SESSION_SECRET is not set on this server, so it takes no sessionToken: the "
	    "operator must set it." },
	[MSG_SESSION_WRONG] = {
	    "sessionToken 無效，請以 POST /api/token/viewer 重新取得",
	    "The sessionToken is not valid: get a new one with POST /api/token/viewer." },
	[MSG_SESSION_EXPIRED] = {
	    "sessionToken 已過期，請以 POST /api/token/viewer 重新取得",
	    "The sessionToken has expired: get a new one with POST /api/token/viewer." },
	[MSG_SESSION_VIEWER_ONLY] = {
	    "sessionToken 只能用於心跳、離開、重新加入與觀看時間，其他呼叫請使用 API Key",
	    "A sessionToken is good for heartbeat, leave, rejoin and duration only: use an API "
	    "key for other calls." },
	[MSG_SESSION_OTHER] = {
	    "sessionToken 屬於另一位使用者或另一個 Stage；請省略 userId 與 stageArn，或填入與其相同的值",
	    "The sessionToken is of another user or stage: leave out userId and stageArn, or "
	    "send those it is for." },
	[MSG_INTERNAL_SECRET] = { "x-internal-secret 標頭缺少或不正確，請提供正確的值",
	    "The x-internal-secret header is missing or wrong: send the right value." },
	[MSG_INTERNAL_SECRET_UNSET] = {
	    "伺服器未設定 INTERNAL_SECRET，請管理員設定後再試",
	    "INTERNAL_SECRET is not set on this server: the operator must set it." },
	[MSG_UPGRADE] = {
	    "此路徑保留給 WebSocket，這個版本尚未提供；請定期呼叫 GET /api/stats",
	    "This path is for WebSocket, which this version does not offer yet: call GET "
	    "/api/stats from time to time." },
	[MSG_NO_ROUTE] = { "找不到此 API 路徑，可用的端點請見 GET /",
	    "There is no such API path: GET / lists the endpoints." },
	[MSG_NO_STAGE] = { "找不到此 Stage，請以 GET /api/stage/list 確認 stageArn",
	    "There is no such stage: find the right stageArn with GET /api/stage/list." },
	[MSG_STAGE_GONE] = { "此 Stage 已被刪除，請重新取得觀眾 Token",
	    "This stage was deleted: ask for a viewer token anew." },
	[MSG_MASTER_STAYS] = { "主 Stage 不能刪除或停止接收觀眾",
	    "The master stage can neither be deleted nor drained." },
	[MSG_STAGE_HAS_VIEWERS] = { "此 Stage 仍有觀眾，請等他們離開後再刪除",
	    "There are viewers on this stage: delete it when they have left." },
	[MSG_NO_SESSION] = {
	    "這位觀眾不在該 Stage，請先呼叫 POST /api/viewer/rejoin 重新加入",
	    "The viewer is not on that stage: join again with POST /api/viewer/rejoin." },
	[MSG_BANNED] = { "這位使用者已被封鎖，無法加入；解除請用 DELETE /api/viewer/ban/:userId",
	    "This user is banned and may not join: DELETE /api/viewer/ban/:userId lifts the "
	    "ban." },
	[MSG_KICK_REPEAT] = {
	    "尚未完成移出：座位可能仍被占用，已要求的封鎖仍有效；請依錯誤碼排除原因後，重送同一個請求",
	    "Sending the viewer off is not finished. He may still have his seat; a ban that was asked "
	    "for holds: see the code for the cause, then send the same request again." },
	[MSG_PUBLISHER_OFFLINE] = {
	    "主播尚未開播，請依 Retry-After 標頭指定的秒數等候後再試",
	    "The publisher is not live yet: wait for the seconds in the Retry-After "
	    "header, then retry." },
	[MSG_NOT_PUBLISHING] = { "這位參與者目前沒有在推流，請先開始推流再試",
	    "The participant is not publishing: start publishing first, then retry." },
	[MSG_IN_PROGRESS] = {
	    "使用同一個 Idempotency-Key 的請求仍在處理中，請依 Retry-After 標頭指定的秒數等候後再試",
	    "A request with this Idempotency-Key is still being worked on: wait for the "
	    "seconds in the Retry-After header, then retry." },
	[MSG_SEATED_ELSEWHERE] = {
	    "這位使用者已由另一個頁面在另一個 Stage 觀看：請停止心跳與重新加入；若要在這裡觀看，請取得新的觀眾 "
	    "Token（不附 sessionToken）",
	    "This person watches on another stage by now, on another page: stop heartbeats and "
	    "rejoins here. To watch here again ask for a new viewer token without sessionToken." },
	[MSG_REDIS_AWAY] = { "無法連線至 Redis，請稍後再試",
	    "Redis cannot be reached at the moment: try again shortly." },
	[MSG_REDIS_COLD] = { "系統正在還原直播狀態，請稍後再試",
	    "The state of the show is being restored: try again shortly." },
	[MSG_RESTORE_WAITS] = {
	    "系統要從 PostgreSQL 還原直播狀態，但目前無法讀取 PostgreSQL，請管理員先恢復 PostgreSQL",
	    "The state of the show is restored from PostgreSQL, which cannot be read at the "
	    "moment: PostgreSQL must come back first." },
	[MSG_REDIS_FULL] = { "Redis 的記憶體已滿，請管理員調高 maxmemory 或釋放記憶體",
	    "Redis is out of memory: the operator must raise its maxmemory or free memory." },
	[MSG_REDIS_LOADING] = { "Redis 正在載入資料，請稍後再試",
	    "Redis is loading its data: try again shortly." },
	[MSG_REDIS_CANNOT_SAVE] = { "Redis 無法將資料寫入磁碟，因此拒絕寫入，請管理員檢查磁碟",
	    "Redis cannot save to its disk and therefore takes no writes: the operator must "
	    "check the disk." },
	[MSG_REDIS_DENIED] = {
	    "Redis 拒絕了伺服器的密碼或權限，請管理員檢查 REDIS_USER、REDIS_PASSWORD 與 ACL",
	    "Redis refuses this server's password or rights: the operator must check "
	    "REDIS_USER, REDIS_PASSWORD and the ACL." },
	[MSG_REDIS_READ_ONLY] = { "Redis 目前為唯讀副本，正在尋找主節點，請稍後再試",
	    "Redis is a read-only replica at the moment; the primary is being looked for: "
	    "try again shortly." },
	[MSG_REDIS_ELSEWHERE] = { "Redis 的主節點已移轉，正在重新尋找，請稍後再試",
	    "Another Redis server is the primary now and is being looked for: try again "
	    "shortly." },
	[MSG_REDIS_REFUSED] = { "Redis 拒絕了這項操作，請稍後再試；原因請見伺服器紀錄",
	    "Redis refused the operation: try again shortly; the server's log has the reason." },
	[MSG_STALE] = { "目前無法更新觀眾狀態，因此無法得知現況，請稍後再試",
	    "Nothing refreshes the state of the viewers at the moment, so it is not known: try "
	    "again shortly." },
	[MSG_TOO_LATE] = { "此請求等候過久，未執行，請重新送出",
	    "The request waited for too long and was not carried out: send it again." },
	[MSG_WEB_BAD_HTTP] = { "請求不是有效的 HTTP，或路徑含有控制字元",
	    "The request is not valid HTTP, or its path holds a control character." },
	[MSG_WEB_REFUSED] = { "網頁伺服器拒絕此請求",
	    "The web server refuses this request." },
	[MSG_WEB_METHOD] = { "網頁伺服器不接受此 HTTP 方法",
	    "The web server does not take this method." },
	[MSG_WEB_SLOW_REQUEST] = { "請求未在時限內送完，請重新送出",
	    "The request did not come to its end in time: send it again." },
	[MSG_WEB_LENGTH] = { "請附上 Content-Length，或以 chunked 方式傳送內容",
	    "Send the length of the body (Content-Length) or send it in chunks." },
	[MSG_WEB_LONG_LINE] = { "請求的第一行過長", "The request line is too long." },
	[MSG_WEB_LONG_HEADERS] = { "請求的標頭過大",
	    "The headers of the request are too large." },
	[MSG_WEB_EXPECT] = { "請勿使用 Expect 標頭", "Leave out the header Expect." },
	[MSG_WEB_NO_PROGRAM] = { "伺服器程式未執行、忙碌中或沒有給出完整的回應，請稍後再試",
	    "The program behind the web server is not running, is overloaded, or gave no "
	    "complete answer: try again in a second." },
	[MSG_WEB_LATE_PROGRAM] = { "伺服器程式未在時限內回應，請稍後再試",
	    "The program behind the web server took too long: try again." },
	[MSG_POSTGRES_AWAY] = { "無法連線至 PostgreSQL，請稍後再試",
	    "PostgreSQL cannot be reached at the moment: try again shortly." },
	[MSG_POSTGRES_FULL] = { "PostgreSQL 的磁碟、記憶體或連線數已用盡，請管理員處理",
	    "PostgreSQL has no disk space, memory or connections left: the operator must make "
	    "room." },
	[MSG_POSTGRES_DENIED] = {
	    "PostgreSQL 拒絕了伺服器的密碼或資料表權限，請管理員檢查 DB_USER 與其權限",
	    "PostgreSQL refuses this server's password or its rights on a table: the operator "
	    "must check DB_USER and its rights." },
	[MSG_POSTGRES_READ_ONLY] = { "PostgreSQL 目前為唯讀或待命節點，無法寫入，請管理員檢查",
	    "PostgreSQL is read-only or a standby and takes no writes: the operator must check "
	    "it." },
	[MSG_POSTGRES_REFUSED] = { "PostgreSQL 拒絕了這項操作，請稍後再試；原因請見伺服器紀錄",
	    "PostgreSQL refused the operation: try again shortly; the server's log has the "
	    "reason." },
	[MSG_RECORDS_WAIT] = { "觀看紀錄無法寫入 PostgreSQL，暫存於 Redis；原因請見伺服器紀錄",
	    "Records cannot be written to PostgreSQL and wait in Redis: the server's log has the "
	    "reason." },
	[MSG_SCHEMA_FOREIGN] = {
	    "此資料庫屬於其他程式，並非本系統所建立；請管理員設定另一個資料庫並執行 deploy/migrate",
	    "The database is that of another program: the operator must name a database of its "
	    "own and run deploy/migrate." },
	[MSG_SCHEMA_OLDER] = { "資料庫結構比程式舊，請管理員執行 deploy/migrate",
	    "The database's schema is older than this program: the operator must run "
	    "deploy/migrate." },
	[MSG_SCHEMA_NEWER] = { "資料庫結構比程式新，請管理員升級程式",
	    "The database's schema is newer than this program: the operator must upgrade the "
	    "program." },
	[MSG_AWS_AWAY] = { "無法連線至 AWS，請稍後再試",
	    "AWS cannot be reached at the moment: try again shortly." },
	[MSG_AWS_NO_MASTER] = { "AWS 沒有 MASTER_STAGE_ARN 所指的 Stage，請管理員檢查此設定",
	    "AWS has no stage with the ARN in MASTER_STAGE_ARN: the operator must check that "
	    "setting." },
	[MSG_AWS_NO_STAGE] = { "AWS 已沒有此 Stage，請稍後重新取得 Token",
	    "AWS no longer has this stage: ask for a token again shortly." },
	[MSG_STAGE_NOT_LISTED] = {
	    "先前的請求可能已建立此 Stage，但 AWS 尚未列出；請在數秒後以同一個 Idempotency-Key 重送同一個請求",
	    "An earlier request may have made this stage, and AWS may not list it yet: send the "
	    "same request with the same Idempotency-Key again in some seconds." },
	[MSG_SHORT_ID_WANTED] = {
	    "此路徑使用簡短的 stageId；完整 ARN 請改用 GET /api/stats/stages?arn=",
	    "This path takes the short stageId: for a full ARN use "
	    "GET /api/stats/stages?arn=." },
	[MSG_WHY_EMPTY] = { "不可為空字串：請填入值或省略此欄位",
	    "must not be empty: give a value or leave it out" },
	[MSG_LIMIT_REPLICAS] = {
	    "同一位主播能複製到的 Stage 數已達 AWS 上限（IVS_MAX_REPLICAS），新的 Stage 不會有畫面；"
	    "請提高 MAX_VIEWERS_PER_STAGE，或以主播 Token 的 stageArn 直接推流到另一個 Stage",
	    "One publisher can be replicated to IVS_MAX_REPLICAS stages (an AWS quota that cannot "
	    "be raised), so a further stage would have no picture: raise MAX_VIEWERS_PER_STAGE, or "
	    "publish straight into a further stage (stageArn of the publisher token)." },
	[MSG_LIMIT_STAGES] = { "Stage 數已達 MAX_STAGES，請提高 MAX_STAGES 或 MAX_VIEWERS_PER_STAGE",
	    "MAX_STAGES stages exist: raise MAX_STAGES or MAX_VIEWERS_PER_STAGE." },
	[MSG_LIMIT_OFFLINE] = { "目前沒有主播推流，新的 Stage 不會有畫面；請先開始推流",
	    "Nobody publishes, so a further stage would have no picture: start publishing." },
	[MSG_LIMIT_DISABLED] = {
	    "自動擴展已關閉；請設定 AUTO_SCALE_ENABLED=true，或自行以 POST /api/stage 建立 Stage",
	    "Auto-scaling is off: set AUTO_SCALE_ENABLED=true, or make stages with "
	    "POST /api/stage." },
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
	[MSG_WHY_NAME] = { "必須是 1 到 128 個英文字母、數字、連字號或底線",
	    "must be 1 to 128 letters, digits, hyphens or underscores" },
	[MSG_WHY_TAGS] = { "必須是一個 JSON 物件，最多 44 個成員，值都是字串",
	    "must be an object of at most 44 members, all of them strings" },
	[MSG_WHY_TAG_KEY] = { "標籤名稱必須是 1 到 128 個字元，且不得含有控制字元",
	    "tag keys must be 1 to 128 characters long, without control characters" },
	[MSG_WHY_TAG_VALUE] = { "標籤值最多 256 個字元，且不得含有控制字元",
	    "tag values must be at most 256 characters long, without control characters" },
	[MSG_WHY_TAG_TAKEN] = {
	    "標籤名稱不可以 aws: 開頭，也不可是 Environment、ManagedBy、Show、Order、AutoScaled",
	    "tag keys must not begin with aws: nor be one of Environment, ManagedBy, Show, "
	    "Order, AutoScaled" },
	[MSG_WHY_NO_CHANGE] = { "至少要有 name 與 maxViewers 其中之一",
	    "must have at least one of name and maxViewers" },
	[MSG_WHY_SAME_STAGE] = { "必須與 sourceStageArn 不同", "must differ from sourceStageArn" },
	[MSG_WHY_IDEMPOTENCY_KEY] = { "必須是 1 到 255 個可列印的 ASCII 字元",
	    "must be 1 to 255 printable ASCII characters" },
	[MSG_WHY_OBJECT] = { "必須是 JSON 物件", "must be a JSON object" },
	[MSG_WHY_TIME] = { "必須是 ISO 8601 時間", "must be an ISO 8601 time" },
	[MSG_WHY_PARTICIPANT] = { "必須是 1 到 64 個英數字、- 或 _",
	    "must be 1 to 64 letters, digits, hyphens or underscores" },
};
/* clang-format on */

/* What machines read beside the code: details.reason (docs/openapi.yaml). */
static const char *const reasons[MSG_COUNT] = {
	[MSG_PUBLISHER_OFFLINE] = "PUBLISHER_OFFLINE",
	[MSG_NO_SESSION] = "NO_SESSION",
	[MSG_NO_STAGE] = "NO_STAGE",
	[MSG_BANNED] = "BANNED",
	[MSG_NOT_PUBLISHING] = "NOT_PUBLISHING",
	[MSG_IN_PROGRESS] = "IN_PROGRESS",
	[MSG_SEATED_ELSEWHERE] = "SEATED_ELSEWHERE",
	[MSG_STAGE_GONE] = "STAGE_GONE",
	/* why a store does not serve; details.dependency says which */
	[MSG_REDIS_COLD] = "RESTORING",
	[MSG_RESTORE_WAITS] = "RESTORING",
	[MSG_REDIS_FULL] = "OUT_OF_MEMORY",
	[MSG_REDIS_LOADING] = "LOADING",
	[MSG_REDIS_CANNOT_SAVE] = "CANNOT_SAVE",
	[MSG_REDIS_DENIED] = "DENIED",
	[MSG_REDIS_READ_ONLY] = "READ_ONLY",
	[MSG_REDIS_ELSEWHERE] = "FAILOVER",
	[MSG_REDIS_REFUSED] = "REFUSED",
	[MSG_REDIS_AWAY] = "UNREACHABLE",
	[MSG_STALE] = "STALE",
	[MSG_POSTGRES_AWAY] = "UNREACHABLE",
	[MSG_POSTGRES_FULL] = "NO_ROOM",
	[MSG_POSTGRES_DENIED] = "DENIED",
	[MSG_POSTGRES_READ_ONLY] = "READ_ONLY",
	[MSG_POSTGRES_REFUSED] = "REFUSED",
	[MSG_RECORDS_WAIT] = "NOT_WRITTEN",
	[MSG_SCHEMA_FOREIGN] = "SCHEMA_FOREIGN",
	[MSG_SCHEMA_OLDER] = "SCHEMA_OLDER",
	[MSG_SCHEMA_NEWER] = "SCHEMA_NEWER",
};

const char *
message(enum msg id, enum lang lang)
{
	if ((unsigned)id >= MSG_COUNT || (unsigned)lang >= LANG_COUNT)
		return "";
	return texts[id][lang];
}

const char *
message_reason(enum msg id)
{
	return (unsigned)id < MSG_COUNT ? reasons[id] : NULL;
}
