-- forget: remove a person. Safe to repeat.
-- $1 text    user id
-- $2 uuid[]  sessions of his that may not be written yet: they never will be
-- -> sessions removed
SELECT forget_person($1::text, $2::uuid[])
