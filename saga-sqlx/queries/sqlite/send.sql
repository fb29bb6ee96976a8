-- ?1 the workflow, ?2 kind, ?3 by whom.
INSERT INTO orchestration_signals (workflow_id, kind, by) VALUES (?1, ?2, ?3)
