-- One at a time in each schema, until the transaction ends: two would count the same time twice.
SELECT pg_try_advisory_xact_lock(hashtextextended('saga watch in ' || current_schema(), 0))
