-- metrics_sent: how the sending of what metrics_take gave has ended.
-- ARGV[8] 'sent': it arrived, or may have  |  'kept': it surely did not; next time sends more
-- -> {'OK'}
--@include head
local sending = P .. 'metrics:sending'
if ARGV[8] == 'sent' then
	if redis.call('EXISTS', sending) == 1 then
		redis.call('RENAME', sending, P .. 'metrics:sent')
	end
	redis.call('DEL', P .. 'metrics:taken')
	redis.call('SET', P .. 'metrics:sent_at', string.format('%.0f', now))
else
	redis.call('DEL', sending)
end
return {'OK'}
