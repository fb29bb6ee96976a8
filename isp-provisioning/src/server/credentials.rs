//! Where subscribers' credentials are handed out: the note that they were, in the store's own transaction, and
//! the secret, derived anew.

use std::time::Duration;

use async_trait::async_trait;

use super::journal::Journal;
use crate::adapters::database::{self, Credentials as Note};
use crate::ports::{Credentials, CredentialsDesk, KnownSubscriber, PortError, PortResult, Taken};
use crate::secret::SecretKey;

/// How long the note may take.
const LIMIT: Duration = Duration::from_secs(1);

/// The desk, over the engine's own database.
pub(super) struct Desk {
    journal: Journal,
    secrets: SecretKey,
}

impl Desk {
    pub(super) fn new(journal: Journal, secrets: SecretKey) -> Self {
        Self { journal, secrets }
    }
}

#[async_trait]
impl CredentialsDesk for Desk {
    async fn find(&self, tenant: &str, subscriber_id: &str) -> PortResult<Option<KnownSubscriber>> {
        let found = database::read_subscriber(&self.journal.readers(), tenant, subscriber_id).await?;
        Ok(found.map(|s| KnownSubscriber {
            workflow_id: workflow_of(&s.created_by).to_owned(),
            subscriber_id: s.subscriber_id,
        }))
    }

    async fn take(&self, tenant: &str, subscriber_id: &str) -> PortResult<Taken> {
        let (tenant, subscriber_id) = (tenant.to_owned(), subscriber_id.to_owned());
        let noted = self.journal.within(LIMIT, |mut connection| {
            Box::pin(async move {
                let note = database::take_credentials(connection.again(), &tenant, &subscriber_id).await?;
                // Of the same transaction: the one whose credentials these are, whoever had the id before.
                Ok((note, database::subscriber(connection, &tenant, &subscriber_id).await?))
            })
        });
        let (note, subscriber) = noted.await.map_err(|e| PortError::transient(e.to_string()))??;
        let account = subscriber.and_then(|s| Some((s.username?, s.created_by)));
        Ok(match (note, account) {
            (Note::Taken, _) => Taken::Before,
            (Note::Granted, Some((username, created_by))) => {
                let secret = self.secrets.derive(workflow_of(&created_by)).expose().to_owned();
                Taken::Granted(Credentials { username, secret })
            }
            (Note::Granted, None) | (Note::NoSubscriber, _) => Taken::Nobody,
        })
    }
}

/// A step's reference begins with its workflow, from which the step derived the secret.
fn workflow_of(reference: &str) -> &str {
    reference.split_once('/').map_or(reference, |(workflow, _)| workflow)
}
