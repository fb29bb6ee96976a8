-- ?1 workflow ids, ?2 kind, ?3 by whom.
INSERT INTO orchestration_signals (workflow_id, kind, by) SELECT value, ?2, ?3 FROM json_each(?1)
