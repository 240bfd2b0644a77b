# Which browsers' pages may call, and how.

load lib/common

@test "CORS: OPTIONS answers 204 without a key and allows a listed origin" {
	local path
	for path in /api/token/viewer /api/viewer/heartbeat /api/stats /api/stage/list /api/health; do
		call OPTIONS "$path" - -H 'Origin: https://show.example' \
			-H 'Access-Control-Request-Method: POST' \
			-H 'Access-Control-Request-Headers: x-api-key'
		equals "$path $http_status $(tr -d '\n' <<<"$http_body")" "$path 204 "
		equals "$(header Access-Control-Allow-Origin)" https://show.example
		matches "$(header Access-Control-Allow-Headers),${path}" '[Xx]-[Aa]pi-[Kk]ey'
		matches "$(header Access-Control-Allow-Headers)" 'Content-Type'
	done
	call OPTIONS /api/stats/publisher - -H 'Origin: https://admin.example' \
		-H 'Access-Control-Request-Method: PUT'
	matches "$(header Access-Control-Allow-Methods)" 'GET.*PUT'
}

@test "CORS: a foreign origin gets 204 and is not allowed" {
	local origin
	for origin in https://evil.example https://show.example.evil.example null http://show.example \
		https://show.example:8443 https://xshow.example; do
		call OPTIONS /api/stats - -H "Origin: $origin" -H 'Access-Control-Request-Method: GET'
		assert_status 204
		equals "$origin $(grep -ci '^access-control' <<<"$http_headers")" "$origin 0"
		api GET /api/stats - -H "Origin: $origin"
		assert_status 200
		equals "$origin $(grep -ci '^access-control' <<<"$http_headers")" "$origin 0"
	done
}

@test "CORS: answers and errors name the allowed origin and vary by origin" {
	api GET /api/stats - -H 'Origin: https://admin.example'
	equals "$(header Access-Control-Allow-Origin) $(header Vary)" 'https://admin.example Origin'
	call GET /api/stats - -H 'Origin: https://admin.example'
	equals "$http_status $(header Access-Control-Allow-Origin)" '401 https://admin.example'
	call GET /api/stats
	matches "$(header Vary)" Origin
	equals "$(header Access-Control-Allow-Origin)" ''
}

@test "CORS: a star in the settings allows every origin" {
	cgi stats GET /api/stats/viewers '' 'CORS_ORIGINS=*' HTTP_ORIGIN=https://any.example
	equals "$http_status $(header Access-Control-Allow-Origin)" '200 *'
	cgi stats GET /api/stats/viewers '' CORS_ORIGINS= HTTP_ORIGIN=https://any.example
	equals "$http_status $(header Access-Control-Allow-Origin)" '200 '
}

@test "CORS: a named origin may call with credentials, as sendBeacon always does; a star allows none" {
	call OPTIONS /api/viewer/leave - -H 'Origin: https://show.example' \
		-H 'Access-Control-Request-Method: POST' -H 'Access-Control-Request-Headers: content-type'
	equals "$http_status $(header Access-Control-Allow-Origin) $(header Access-Control-Allow-Credentials)" \
		'204 https://show.example true'
	api GET /api/stats - -H 'Origin: https://show.example'
	equals "$(header Access-Control-Allow-Credentials)" true
	call GET /api/stats - -H 'Origin: https://show.example'
	equals "$http_status $(header Access-Control-Allow-Credentials)" '401 true'
	cgi stats OPTIONS /api/stats '' 'CORS_ORIGINS=*' HTTP_ORIGIN=https://any.example
	equals "$http_status $(header Access-Control-Allow-Origin) $(header Access-Control-Allow-Credentials)" '204 * '
	# Whom the list names is named, wherever in it the star stands.
	cgi stats OPTIONS /api/stats '' 'CORS_ORIGINS=*, https://a.example' HTTP_ORIGIN=https://a.example
	equals "$(header Access-Control-Allow-Origin) $(header Access-Control-Allow-Credentials)" 'https://a.example true'
	cgi stats OPTIONS /api/stats '' 'CORS_ORIGINS=*, https://a.example' HTTP_ORIGIN=https://b.example
	equals "$(header Access-Control-Allow-Origin) $(header Access-Control-Allow-Credentials)" '* '
}
