//! Enabling an ONU and waiting until it is active; disabling it.
//!
//! VOLTHA answers `EnableDevice` at once and brings the device up afterwards; whether that went well shows
//! only in its state. So a device is read before, and again and again after.

use tonic::Code;

use super::Voltha;
use super::errors::{Call, port_error};
use super::wire::{AdminState, Device, OperStatus};
use crate::ports::{ErrorClass, PortError, PortResult};

/// Who enabled the device that is waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Enabled {
    /// This call did.
    ByUs,
    /// It was enabled when we came.
    Before,
}

/// What a disabled device left behind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// Itself, disabled.
    Disabled,
    /// Nothing: VOLTHA does not know it.
    Gone,
}

impl Voltha {
    /// Enables the device unless it is enabled, and waits until it is active.
    pub(super) async fn activate(&self, device_id: &str) -> PortResult<()> {
        let device = self.present(device_id).await?;
        match device.admin_state() {
            AdminState::Enabled => self.wait(device, Enabled::Before).await,
            AdminState::Disabled => self.switch_on(device).await,
            AdminState::Preprovisioned => Err(unfit(&device)),
            // A passing state: of a software update, or of a later version of VOLTHA.
            AdminState::DownloadingImage | AdminState::Unknown => Err(busy(&device)),
        }
    }

    /// The device with this id, or with the id under which VOLTHA found it again.
    async fn present(&self, device_id: &str) -> PortResult<Device> {
        if let Some(device) = self.get(device_id).await? {
            return Ok(device);
        }
        if let Some(serial) = self.known.forget(device_id)
            && let Some(device) = self.search(&serial).await?
        {
            // Whoever disables the old id later means this device.
            self.known.succeed(device_id, &device.id);
            return Ok(device);
        }
        Err(gone(device_id))
    }

    async fn switch_on(&self, device: Device) -> PortResult<()> {
        match self.client.enable_device(&device.id).await {
            Ok(()) => self.wait(device, Enabled::ByUs).await,
            Err(refusal) if refusal.code() == Code::NotFound => Err(gone(&device.id)),
            Err(refusal) if refusal.code() == Code::FailedPrecondition => {
                let device = self.get(&device.id).await?.ok_or_else(|| gone(&device.id))?;
                match device.admin_state() {
                    AdminState::Enabled => self.wait(device, Enabled::Before).await,
                    AdminState::Preprovisioned => Err(unfit(&device)),
                    // It is being deleted or reconciled, and says so with the same code.
                    _ => Err(PortError::transient(port_error("EnableDevice", &refusal, Call::Write).message)),
                }
            }
            Err(refusal) => Err(port_error("EnableDevice", &refusal, Call::Write)),
        }
    }

    /// Looks until the device is active, has failed, or the time is up.
    async fn wait(&self, device: Device, enabled: Enabled) -> PortResult<()> {
        let id = device.id;
        let mut pauses = self.settings.activation_pauses();
        loop {
            let device = match self.get(&id).await {
                Ok(device) => device.ok_or_else(|| gone(&id))?,
                Err(error) => return Err(left_behind(error, enabled)),
            };
            match (device.admin_state(), device.oper_status()) {
                (AdminState::Enabled, OperStatus::Active) => return Ok(()),
                (AdminState::Enabled, OperStatus::Failed) => {
                    return Err(self.give_up(&device, enabled).await);
                }
                (AdminState::Disabled, _) => {
                    let message = format!("ONU {id} was disabled while it was waited for");
                    return Err(PortError::transient(message));
                }
                _ => {}
            }
            match pauses.next() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(left_behind(busy(&device), enabled)),
            }
        }
    }

    /// Disables the device. One that is disabled already, or gone, is as good.
    pub(super) async fn switch_off(&self, device_id: &str) -> PortResult<Left> {
        let refusal = match self.client.disable_device(device_id).await {
            Ok(()) => return Ok(Left::Disabled),
            Err(status) if status.code() == Code::NotFound => return Ok(Left::Gone),
            Err(status) => status,
        };
        let error = port_error("DisableDevice", &refusal, Call::Write);
        if refusal.code() != Code::FailedPrecondition {
            return Err(error);
        }
        match self.get(device_id).await?.map(|device| device.admin_state()) {
            None => Ok(Left::Gone),
            Some(AdminState::Disabled) => Ok(Left::Disabled),
            Some(AdminState::Preprovisioned) => Err(error),
            // It is being deleted or reconciled, and says so with the same code.
            Some(_) => Err(PortError::transient(error.message)),
        }
    }

    /// The device did not come up. A refusal for good promises that nothing is left of the call, so what
    /// this call enabled is disabled again first.
    async fn give_up(&self, device: &Device, enabled: Enabled) -> PortError {
        let failed = format!("ONU activation failed: {}", reason(device));
        if enabled == Enabled::Before {
            return PortError::permanent(failed);
        }
        match self.switch_off(&device.id).await {
            Ok(Left::Disabled | Left::Gone) => PortError::permanent(failed),
            Err(error) => PortError::ambiguous(format!(
                "{failed}; and it could not be disabled again: {}",
                error.message
            )),
        }
    }
}

/// The same error, with what this call has done already taken into account: whatever is wrong now, the
/// device may come up.
fn left_behind(error: PortError, enabled: Enabled) -> PortError {
    match enabled {
        Enabled::ByUs => PortError { class: ErrorClass::Ambiguous, ..error },
        Enabled::Before => error,
    }
}

fn gone(device_id: &str) -> PortError {
    PortError::permanent(format!("ONU {device_id} is not known to VOLTHA any more"))
}

fn unfit(device: &Device) -> PortError {
    PortError::permanent(format!("ONU {} is only preprovisioned", device.id))
}

fn busy(device: &Device) -> PortError {
    let (id, admin, oper) = (&device.id, device.admin_state(), device.oper_status());
    PortError::transient(format!("ONU {id} is still {admin:?}/{oper:?}: {}", reason(device)))
}

fn reason(device: &Device) -> &str {
    if device.reason.is_empty() { "VOLTHA gives no reason" } else { &device.reason }
}
