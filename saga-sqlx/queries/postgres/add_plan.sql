-- $1 name@version#fingerprint, $2 the plan's text.
INSERT INTO orchestration_definitions (definition, plan) VALUES ($1, $2) ON CONFLICT DO NOTHING
