-- One at a time in each schema, until the transaction ends: two would each remove what is too many.
SELECT pg_try_advisory_xact_lock(hashtextextended('saga retention in ' || current_schema(), 0))
