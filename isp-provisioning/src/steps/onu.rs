//! Step 5: the optical line.

use saga::{StepContext, StepError, step};
use serde::{Deserialize, Serialize};

use super::ids::own_id;
use crate::ports::{Onu, OpticalLine};

/// An active ONU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivatedOnu {
    /// `onu_…`
    pub onu_id: String,
    /// VOLTHA's device id.
    pub device_id: String,
    /// The OLT to which it is attached.
    pub olt_id: String,
}

/// Enables the ONU and waits until it is active. It may have been active before: what was there is written
/// down first, and undoing means going back to that.
#[step(
    compensate = deactivate_onu(line, recorded),
    system = "voltha",
    retry(max_attempts = 6, backoff = exponential("200ms", "10s")),
    timeout = "60s"
)]
pub async fn activate_onu(
    #[inject] line: &dyn OpticalLine,
    cx: &StepContext,
    serial: Option<&str>,
) -> saga::Result<ActivatedOnu> {
    let serial = serial.ok_or_else(|| StepError::permanent("the request has no ONU serial"))?;
    let onu = line.find(serial).await?;
    cx.record(&onu).await?;
    line.enable(&onu.device_id).await?;
    Ok(ActivatedOnu {
        onu_id: own_id("onu_", cx.idempotency_key()),
        device_id: onu.device_id,
        olt_id: onu.olt_id,
    })
}

/// Disables the ONU if, and only if, this workflow enabled it.
async fn deactivate_onu(line: &dyn OpticalLine, before: Option<&Onu>) -> saga::Result<()> {
    match before {
        Some(onu) if !onu.enabled => Ok(line.disable(&onu.device_id).await?),
        _ => Ok(()),
    }
}
