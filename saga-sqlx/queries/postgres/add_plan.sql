-- $1 name@version#fingerprint, $2 the plan's text.
-- The text may be another one of the same plan: it also speaks of expressions.
INSERT INTO orchestration_definitions AS kept (definition, plan) VALUES ($1, $2)
    ON CONFLICT (definition) DO UPDATE SET plan = excluded.plan WHERE kept.plan <> excluded.plan
