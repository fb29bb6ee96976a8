//! One key for all processes: with another one they would derive other secrets for the same subscribers.

use super::connection::{Connection, text};
use crate::ports::PortResult;

const KEEP: &str = "INSERT INTO isp_settings (name, value) VALUES ('key_check', $1) ON CONFLICT DO NOTHING";
const KEPT: &str = "SELECT value FROM isp_settings WHERE name = 'key_check'";

/// Does this process have the key that the first one had? `check` is something that only that key gives.
pub async fn same_key<'c>(connection: impl Into<Connection<'c>>, check: &str) -> PortResult<bool> {
    let mut connection = connection.into();
    connection.rows(KEEP, &[check.into()]).await?;
    let kept = connection.row(KEPT, &[]).await?;
    Ok(kept.map(|row| text(&row, 0)).transpose()?.as_deref() == Some(check))
}
