//! FreeRADIUS's tables in PostgreSQL: the real system, with the schema that it brings along.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};

use super::rows::{self, PasswordStorage, Row};
use super::statements::{
    CLEAR_ACCOUNT, CLEAR_ADDRESS, INSERT_CHECK, INSERT_GROUP, INSERT_REPLY, LOCK_POSTGRES, STANDING,
    Standing, standing,
};
use crate::adapters::sql_error::{Stage, from_postgres};
use crate::ports::{PortError, PortResult, Radius, RadiusAccount};

/// Changes are short; a handful of connections carries hundreds of them a second.
const CONNECTIONS: u32 = 4;

/// The adapter over the database of a FreeRADIUS server. Its role needs SELECT, INSERT, UPDATE and DELETE
/// on `radcheck`, `radreply`, `radusergroup`, and USAGE on the three tables' sequences.
#[derive(Clone, Debug)]
pub struct PostgresRadius {
    pool: PgPool,
    storage: PasswordStorage,
}

impl PostgresRadius {
    /// The adapter for the database at `url`. It connects with the first call, so a database that is down
    /// does not keep the service from starting. A call waits `acquire_timeout` for a connection. To be called
    /// inside a tokio runtime.
    pub fn connect(url: &str, storage: PasswordStorage, acquire_timeout: Duration) -> PortResult<Self> {
        // The reason of a refusal may repeat the URL, and with it the password; so it is not passed on.
        let refused = || PortError::configuration("the RADIUS database's URL is not one of PostgreSQL");
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(refused());
        }
        let options: PgConnectOptions = url.parse().map_err(|_| refused())?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(acquire_timeout)
            .connect_lazy_with(options);
        Ok(Self { pool, storage })
    }

    /// Begins a change of the user name: from here on nobody else changes it.
    async fn begin(
        &self,
        username: &str,
        owner: &str,
    ) -> PortResult<(Transaction<'static, Postgres>, Standing)> {
        let mut tx = self.pool.begin().await.map_err(failed)?;
        sqlx::query(LOCK_POSTGRES).bind(username).execute(&mut *tx).await.map_err(failed)?;
        let counts =
            sqlx::query_as(STANDING).bind(username).bind(owner).fetch_one(&mut *tx).await.map_err(failed)?;
        Ok((tx, standing(counts)))
    }
}

#[async_trait]
impl Radius for PostgresRadius {
    async fn create_account(&self, reference: &str, account: &RadiusAccount) -> PortResult<()> {
        let username = rows::username(&account.username)?;
        let group = rows::group(&account.group)?;
        let password = rows::password(account, self.storage)?;
        let owner = rows::owner(reference)?;
        let (mut tx, standing) = self.begin(username, reference).await?;
        rows::writable(username, standing)?;
        for statement in CLEAR_ACCOUNT {
            sqlx::query(statement).bind(username).execute(&mut *tx).await.map_err(failed)?;
        }
        insert(&mut tx, INSERT_CHECK, username, &password).await?;
        insert(&mut tx, INSERT_REPLY, username, &owner).await?;
        sqlx::query(INSERT_GROUP).bind(username).bind(group).execute(&mut *tx).await.map_err(failed)?;
        commit(tx).await
    }

    async fn delete_account(&self, reference: &str, username: &str) -> PortResult<()> {
        let (mut tx, standing) = self.begin(username, reference).await?;
        if standing != Standing::Ours {
            return Ok(());
        }
        for statement in CLEAR_ACCOUNT.into_iter().chain([CLEAR_ADDRESS]) {
            sqlx::query(statement).bind(username).execute(&mut *tx).await.map_err(failed)?;
        }
        commit(tx).await
    }

    async fn set_address(
        &self,
        owner: &str,
        username: &str,
        ipv4: &str,
        vlan_id: Option<u16>,
    ) -> PortResult<()> {
        let address = rows::address(ipv4, vlan_id)?;
        let (mut tx, standing) = self.begin(username, owner).await?;
        rows::ours(username, standing)?;
        sqlx::query(CLEAR_ADDRESS).bind(username).execute(&mut *tx).await.map_err(failed)?;
        for row in &address {
            insert(&mut tx, INSERT_REPLY, username, row).await?;
        }
        commit(tx).await
    }

    async fn clear_address(&self, owner: &str, username: &str) -> PortResult<()> {
        let (mut tx, standing) = self.begin(username, owner).await?;
        if standing != Standing::Ours {
            return Ok(());
        }
        sqlx::query(CLEAR_ADDRESS).bind(username).execute(&mut *tx).await.map_err(failed)?;
        commit(tx).await
    }
}

async fn insert(tx: &mut PgConnection, statement: &'static str, username: &str, row: &Row) -> PortResult<()> {
    let query = sqlx::query(statement).bind(username).bind(row.attribute.name()).bind(&row.value);
    query.execute(tx).await.map(|_| ()).map_err(failed)
}

async fn commit(tx: Transaction<'static, Postgres>) -> PortResult<()> {
    tx.commit().await.map_err(|e| from_postgres(&e, Stage::Commit))
}

fn failed(error: sqlx::Error) -> PortError {
    from_postgres(&error, Stage::Work)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::ErrorClass;

    #[tokio::test]
    async fn a_url_of_another_kind_is_refused_without_being_shown() {
        for url in ["", "mysql://user:hidden@host/db", "postgres://user:hidden@host:port/db"] {
            let refused = PostgresRadius::connect(url, PasswordStorage::Cleartext, Duration::from_secs(1));
            let error = refused.unwrap_err();
            assert_eq!(error.class, ErrorClass::Configuration);
            assert!(!error.message.contains("hidden"));
        }
    }
}
