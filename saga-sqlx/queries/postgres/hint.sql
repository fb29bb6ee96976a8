-- $1 the channel, $2 whom it concerns.
SELECT pg_notify($1, $2)
