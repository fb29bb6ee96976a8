-- ?1 rows of name, version: the definitions that a new worker knows.
DELETE FROM orchestration_watched_definitions
 WHERE (name, version) IN (SELECT value ->> 'name', value ->> 'version' FROM json_each(?1))
