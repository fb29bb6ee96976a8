SELECT identity::text FROM orchestration_store
