//! Why a task failed, in the router's words or GenieACS's.

use serde::Deserialize;

use crate::ports::{ErrorClass, PortError};

/// A task's fault, as `/faults` shows it.
#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct Fault {
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    detail: Detail,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Detail {
    set_parameter_values_fault: Vec<ParameterFault>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ParameterFault {
    parameter_name: String,
    fault_code: String,
    fault_string: String,
}

impl Fault {
    /// A router takes all values or none, so its refusal means that nothing happened. Other faults (a session
    /// that broke off) say nothing about that.
    pub(super) fn error(&self, device_id: &str) -> PortError {
        let refused = self.code.strip_prefix("cwmp.").is_some_and(|code| ("9001"..="9008").contains(&code));
        let class = if refused { ErrorClass::Permanent } else { ErrorClass::Ambiguous };
        let details =
            self.detail.set_parameter_values_fault.iter().map(|fault| {
                format!("{}: {} {}", fault.parameter_name, fault.fault_code, fault.fault_string)
            });
        let reasons: Vec<String> = std::iter::once(self.message.clone()).chain(details).collect();
        PortError::new(class, format!("genieacs: {device_id} answered {}: {}", self.code, reasons.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_the_router_is_final_and_a_broken_session_is_not() {
        let fault = |code: &str| Fault { code: code.into(), message: "m".into(), detail: Detail::default() };
        assert_eq!(fault("cwmp.9003").error("d").class, ErrorClass::Permanent);
        assert_eq!(fault("session_terminated").error("d").class, ErrorClass::Ambiguous);
    }
}
