-- Does this server only follow another one, and else the number of its history: a replica that is promoted begins a new one.
SELECT pg_is_in_recovery(), CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_lsn()), 8) END
