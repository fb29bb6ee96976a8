-- What each incarnation knows, as long as it lives: rows of name, version, fingerprint. What nobody knows is stranded.
ALTER TABLE orchestration_workers ADD COLUMN definitions TEXT NOT NULL DEFAULT '[]';
