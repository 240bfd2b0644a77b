-- ping: does the server answer?
-- -> one integer
SELECT 1
