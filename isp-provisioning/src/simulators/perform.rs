//! Carries a fault out over HTTP: the one place that knows what each mode means on the wire.

use std::time::Duration;

use axum::http::{HeaderValue, header};
use axum::response::Response;
use tokio::time::sleep;

use super::faults::{Fault, FaultMode};
use super::server::{Tasks, hang_up};

/// Does `effect` as `fault` wants it; without one, at once. `refusal` makes the system's own answer out of a
/// status; without one the fault means 400, a definite no.
pub async fn perform(
    fault: Option<Fault>,
    tasks: &Tasks,
    refusal: impl FnOnce(u16) -> Response,
    effect: impl Future<Output = Response> + Send + 'static,
) -> Response {
    let Some(fault) = fault else { return effect.await };
    match fault.mode {
        FaultMode::Refuse => refused(refusal(fault.status.unwrap_or(400)), fault.ms),
        FaultMode::Delay => {
            sleep(fault.duration()).await;
            effect.await
        }
        FaultMode::HoldAnswer => {
            effect.await;
            sleep(fault.duration()).await;
            hang_up()
        }
        FaultMode::DropAnswer => {
            effect.await;
            hang_up()
        }
        FaultMode::Hang => {
            sleep(fault.duration()).await;
            hang_up()
        }
        FaultMode::Late => {
            tasks.spawn(async move {
                sleep(fault.duration()).await;
                effect.await;
            });
            hang_up()
        }
    }
}

fn refused(mut response: Response, retry_after: Option<u64>) -> Response {
    if let Some(ms) = retry_after {
        let seconds = Duration::from_millis(ms).as_secs_f64().ceil() as u64;
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
