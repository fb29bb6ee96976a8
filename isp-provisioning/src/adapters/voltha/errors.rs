//! What a gRPC status of VOLTHA says about effects.

use tonic::{Code, ConnectError, Status};

use super::client::caused_by;
use crate::ports::{ErrorClass, PortError};

/// What kind of call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// It could have no effect, so nobody needs to find out whether it had one.
    Read,
    /// It could.
    Write,
}

/// The port's error for a status.
pub(super) fn port_error(method: &str, status: &Status, call: Call) -> PortError {
    let never_sent = caused_by::<ConnectError>(status);
    let class = match class(status.code(), never_sent) {
        ErrorClass::Ambiguous if call == Call::Read => ErrorClass::Transient,
        class => class,
    };
    PortError::new(class, format!("VOLTHA {method}: {:?}: {}", status.code(), status.message()))
}

/// By status code. `FAILED_PRECONDITION` has several meanings; where one comes, the adapter reads the device
/// again and decides by its state. Here it stands for what is left then.
fn class(code: Code, never_sent: bool) -> ErrorClass {
    match code {
        Code::Unavailable if never_sent => ErrorClass::Transient,
        Code::InvalidArgument | Code::NotFound | Code::AlreadyExists | Code::FailedPrecondition => {
            ErrorClass::Permanent
        }
        // These come from an ingress, or from something at that address that is not VOLTHA. OUT_OF_RANGE is
        // tonic's own: the answer is longer than the client allows, which it will be the next time too.
        Code::Unauthenticated | Code::PermissionDenied | Code::Unimplemented | Code::OutOfRange => {
            ErrorClass::Configuration
        }
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => ErrorClass::Ambiguous,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ErrorClass::{Ambiguous, Configuration, Permanent, Transient};

    const TABLE: [(Code, ErrorClass, ErrorClass); 16] = [
        (Code::Cancelled, Ambiguous, Transient),
        (Code::Unknown, Ambiguous, Transient),
        (Code::InvalidArgument, Permanent, Permanent),
        (Code::DeadlineExceeded, Ambiguous, Transient),
        (Code::NotFound, Permanent, Permanent),
        (Code::AlreadyExists, Permanent, Permanent),
        (Code::PermissionDenied, Configuration, Configuration),
        (Code::ResourceExhausted, Ambiguous, Transient),
        (Code::FailedPrecondition, Permanent, Permanent),
        (Code::Aborted, Ambiguous, Transient),
        (Code::OutOfRange, Configuration, Configuration),
        (Code::Unimplemented, Configuration, Configuration),
        (Code::Internal, Ambiguous, Transient),
        (Code::Unavailable, Ambiguous, Transient),
        (Code::DataLoss, Ambiguous, Transient),
        (Code::Unauthenticated, Configuration, Configuration),
    ];

    #[test]
    fn every_code_has_its_class_and_reads_are_never_ambiguous() {
        for (code, written, read) in TABLE {
            let status = Status::new(code, "text");
            assert_eq!(port_error("EnableDevice", &status, Call::Write).class, written, "{code:?} written");
            assert_eq!(port_error("GetDevice", &status, Call::Read).class, read, "{code:?} read");
        }
    }

    #[test]
    fn the_message_names_call_code_and_text() {
        let error = port_error("EnableDevice", &Status::aborted("device-lock"), Call::Write);
        assert_eq!(error.message, "VOLTHA EnableDevice: Aborted: device-lock");
    }

    #[test]
    fn without_a_connection_nothing_was_sent() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let status = Status::from_error(Box::new(ConnectError(refused.into())));
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(port_error("EnableDevice", &status, Call::Write).class, Transient);
    }
}
