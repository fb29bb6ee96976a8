-- Changes nothing, and has to reach the file all the same.
REPLACE INTO orchestration_schema (version, works_from, name, applied_at)
SELECT version, works_from, name, applied_at FROM orchestration_schema WHERE version = 1
