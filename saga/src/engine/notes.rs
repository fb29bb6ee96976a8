//! What a step writes down while it runs: what was there before, and how far it has come.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::attempt::Caller;
use super::driver::Mail;
use super::vault::{self, Part};
use crate::error::StepError;
use crate::machine::Call;
use crate::step::{Note, Notes};
use crate::store::limits;

impl<R: Send + Sync + 'static> Caller<R> {
    /// Where the call writes to.
    pub(super) fn notes(&self, call: &Call) -> Notes {
        let (mail, step, reloads) = (self.mail.clone(), call.step, self.reloads);
        let number = call.number;
        let seal = self.secret_step(call).map(|(node, _)| (self.vault.clone(), Arc::clone(&node.name)));
        let (runtime, life) = (Arc::clone(&self.runtime), Arc::clone(&self.life));
        Arc::new(move |note, data| {
            let (mail, seal) = (mail.clone(), seal.clone());
            let (runtime, life) = (Arc::clone(&runtime), Arc::clone(&life));
            Box::pin(async move {
                let part = if note == Note::Record { Part::Record } else { Part::Heartbeat };
                let data = match &seal {
                    Some((vault, node)) => {
                        vault.seal(node, part, &data).map_err(vault::failed).map_err(of(note))?
                    }
                    None => data,
                };
                limits::check_json(&data)
                    .map_err(|why| of(note)(StepError::permanent(format!("{} {why}", name(note)))))?;
                let (durable, is_durable) = oneshot::channel();
                // Whoever is not there any more drops the other end too.
                let _ = mail.send(match note {
                    Note::Record => Mail::Record { step, before: data, durable },
                    Note::Heartbeat => Mail::Heartbeat { step, call: number, reloads, data, durable },
                });
                let is_durable = is_durable.await.is_ok();
                match note {
                    Note::Record if is_durable => {
                        // What it is recorded for is sent only now: whoever has been silent meanwhile does not send it.
                        life.lease.may_send(&*runtime).await;
                        Ok(())
                    }
                    Note::Record => Err(StepError::transient("this worker stops; the record is not written")),
                    Note::Heartbeat if is_durable && life.lease.is_kept(&*runtime).await => Ok(()),
                    Note::Heartbeat => Err(StepError::unknown(
                        "this attempt is over: its heartbeat is not kept, and another attempt may have begun",
                    )),
                }
            })
        })
    }
}

fn name(note: Note) -> &'static str {
    match note {
        Note::Record => "the record",
        Note::Heartbeat => "the heartbeat",
    }
}

/// A record comes before the effect; but whoever tells how far it has come has done something.
fn of(note: Note) -> impl Fn(StepError) -> StepError {
    move |error| if note == Note::Record { error } else { error.maybe_done() }
}
