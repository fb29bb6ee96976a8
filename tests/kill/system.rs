//! The world, as steps see it: they ask, and classify what they hear.

use saga::{StepContext, StepError};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// The other process, and where it is.
pub(crate) struct World(pub(crate) String);

impl World {
    pub(crate) async fn ask(&self, op: &str, name: &str, key: &str) -> saga::Result<Option<String>> {
        let mut connection = TcpStream::connect(&self.0).await.map_err(StepError::transient)?;
        connection.write_all(format!("{op} {name} {key}\n").as_bytes()).await?;
        let mut answer = String::new();
        BufReader::new(connection).read_line(&mut answer).await?;
        match answer.trim().split_once(' ') {
            Some(("ok", value)) => Ok(Some(value.to_owned())),
            None if answer.trim() == "none" => Ok(None),
            None if answer.trim() == "no" => Err(StepError::permanent("no")),
            _ => Err(StepError::unknown("the connection ended without an answer")),
        }
    }
    pub(crate) async fn act(&self, name: &str, cx: &StepContext) -> saga::Result<String> {
        Ok(self.ask("do", name, cx.idempotency_key()).await?.unwrap_or_default())
    }
    pub(crate) async fn undo(&self, name: &str, cx: &StepContext) -> saga::Result<()> {
        self.ask("undo", name, cx.forward_key()).await.map(drop)
    }
}
