//! What a path of the northbound interface names.

use axum::http::Method;

/// The places of the interface.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    Devices,
    Tasks,
    Faults,
    Device(String),
    DeviceTasks(String),
    DeviceTag(String, String),
    Task(String),
    TaskRetry(String),
    Fault(String),
}

impl Place {
    pub(super) fn parse(path: &str) -> Option<Self> {
        let parts: Vec<String> =
            path.trim_start_matches('/').split('/').map(decoded).collect::<Option<_>>()?;
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        Some(match parts.as_slice() {
            ["devices"] | ["devices", ""] => Self::Devices,
            ["tasks"] | ["tasks", ""] => Self::Tasks,
            ["faults"] | ["faults", ""] => Self::Faults,
            ["devices", id] => Self::Device((*id).to_owned()),
            ["devices", id, "tasks"] => Self::DeviceTasks((*id).to_owned()),
            ["devices", id, "tags", tag] => Self::DeviceTag((*id).to_owned(), (*tag).to_owned()),
            ["tasks", id] => Self::Task((*id).to_owned()),
            ["tasks", id, "retry"] => Self::TaskRetry((*id).to_owned()),
            ["faults", id] => Self::Fault((*id).to_owned()),
            _ => return None,
        })
    }

    /// The methods that it has, as in the header `Allow`.
    pub(super) fn allow(&self) -> &'static str {
        match self {
            Self::Devices | Self::Tasks | Self::Faults => "GET, HEAD",
            Self::Device(_) | Self::Task(_) | Self::Fault(_) => "DELETE",
            Self::DeviceTasks(_) | Self::TaskRetry(_) => "POST",
            Self::DeviceTag(..) => "POST, DELETE",
        }
    }
    pub(super) fn allows(&self, method: &Method) -> bool {
        self.allow().split(", ").any(|allowed| allowed == method.as_str())
    }

    /// The operation's name, for faults. A new task's depends on the task.
    pub(super) fn operation(&self) -> &'static str {
        match self {
            Self::Devices => "find",
            Self::Tasks => "tasks",
            Self::Faults => "faults",
            Self::Device(_) => "delete",
            Self::DeviceTasks(_) => "task",
            Self::DeviceTag(..) => "tag",
            Self::Task(_) | Self::TaskRetry(_) => "withdraw",
            Self::Fault(_) => "forget",
        }
    }
}

/// One level of percent-encoding taken off. A device's id brings its own, which stays.
fn decoded(part: &str) -> Option<String> {
    let mut bytes = part.bytes();
    let mut text = Vec::with_capacity(part.len());
    while let Some(byte) = bytes.next() {
        text.push(match byte {
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_devices_id_keeps_its_own_encoding() {
        let place = Place::parse("/devices/001122-HG%252D8245-SN1/tasks");
        assert_eq!(place, Some(Place::DeviceTasks("001122-HG%2D8245-SN1".into())));
    }

    #[test]
    fn half_an_escape_names_nothing() {
        assert_eq!(Place::parse("/devices/a%2"), None);
    }
}
