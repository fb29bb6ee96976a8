-- $1 its name.
DELETE FROM orchestration_triggers WHERE trigger_name = $1
