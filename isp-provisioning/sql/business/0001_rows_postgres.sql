-- One process at a time, until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('isp_provisioning', 0));

-- The rows of the business. They live in the engine's own database, so that a row and the result of the
-- step that made it become durable together.
--
-- created_by is the reference of the step that made the row. It is unique: a repeated step finds its row.
-- Ids are unique within a tenant, since a request may name them.

CREATE TABLE IF NOT EXISTS customers (
    tenant      TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    first_name  TEXT,
    last_name   TEXT,
    email       TEXT,
    phone       TEXT,
    created_by  TEXT NOT NULL UNIQUE,
    created_at  TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, customer_id)
);

-- One customer for an e-mail address in a tenant: whoever comes second adopts it.
CREATE UNIQUE INDEX IF NOT EXISTS customers_by_email ON customers (tenant, email) WHERE email IS NOT NULL;

CREATE TABLE IF NOT EXISTS subscribers (
    tenant               TEXT NOT NULL,
    subscriber_id        TEXT NOT NULL,
    customer_id          TEXT NOT NULL,
    username             TEXT,
    service_plan_id      TEXT NOT NULL,
    connection_type      TEXT NOT NULL,
    service_address      TEXT,
    onu_serial           TEXT,
    cpe_mac              TEXT,
    status               TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'active')),
    credentials_taken_at TIMESTAMPTZ,
    created_by           TEXT NOT NULL UNIQUE,
    created_at           TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, subscriber_id),
    FOREIGN KEY (tenant, customer_id) REFERENCES customers (tenant, customer_id)
);

CREATE INDEX IF NOT EXISTS subscribers_by_customer ON subscribers (tenant, customer_id);

CREATE TABLE IF NOT EXISTS services (
    tenant          TEXT NOT NULL,
    service_id      TEXT NOT NULL,
    subscriber_id   TEXT NOT NULL,
    service_plan_id TEXT NOT NULL,
    bandwidth_mbps  BIGINT CHECK (bandwidth_mbps > 0),
    created_by      TEXT NOT NULL UNIQUE,
    created_at      TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, service_id),
    FOREIGN KEY (tenant, subscriber_id) REFERENCES subscribers (tenant, subscriber_id)
);

CREATE INDEX IF NOT EXISTS services_by_subscriber ON services (tenant, subscriber_id);

-- What all processes have to agree on.
CREATE TABLE IF NOT EXISTS isp_settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
