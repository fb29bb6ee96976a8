//! What a port's error says to the saga: may it be tried again, and can it have had an effect?

use saga::StepError;

use crate::ports::{ErrorClass, PortError};

impl From<PortError> for StepError {
    fn from(error: PortError) -> Self {
        let step_error = match error.class {
            ErrorClass::Transient => StepError::transient(error.message),
            ErrorClass::Permanent => StepError::permanent(error.message),
            ErrorClass::Ambiguous => StepError::unknown(error.message),
            ErrorClass::Configuration => StepError::configuration(error.message),
        };
        match (error.class, error.retry_after) {
            (ErrorClass::Transient | ErrorClass::Ambiguous, Some(pause)) => step_error.retry_after(pause),
            _ => step_error,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use saga::{Effect, ErrorKind, Retry};

    use super::*;

    #[test]
    fn every_class_answers_both_questions() {
        let table = [
            (PortError::transient("x"), Retry::Yes, Effect::None, ErrorKind::Step),
            (PortError::permanent("x"), Retry::No, Effect::None, ErrorKind::Step),
            (PortError::ambiguous("x"), Retry::Yes, Effect::Unknown, ErrorKind::Step),
            (PortError::configuration("x"), Retry::No, Effect::None, ErrorKind::Configuration),
        ];
        for (error, retry, effect, kind) in table {
            let e = StepError::from(error);
            assert_eq!((e.retry(), e.effect(), e.kind()), (retry, effect, kind));
        }
    }

    #[test]
    fn the_question_mark_keeps_the_class() {
        fn step() -> Result<(), StepError> {
            Err(PortError { retry_after: Some(Duration::from_secs(3)), ..PortError::transient("busy") })?
        }
        let error = step().unwrap_err();
        assert_eq!((error.retry(), error.effect()), (Retry::After(Duration::from_secs(3)), Effect::None));
    }
}
