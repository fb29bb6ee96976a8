-- ?1 name@version#fingerprint, ?2 the plan's text.
INSERT OR IGNORE INTO orchestration_definitions (definition, plan) VALUES (?1, ?2)
