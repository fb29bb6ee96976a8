//! How patiently a step is tried.

use syn::Ident;

use crate::diagnostics::Errors;
use crate::options::Length;
use crate::step::model::{Class, Policy};
use crate::step::parse::{Backoff, Options, Retry};

/// What `.with(..)` says of one call. Its class is known only to the compiler.
pub(in crate::step) fn call(mut options: Options, with: &Ident, errors: &mut Errors) -> Policy {
    let says_nothing = options.retry.is_none()
        && options.timeout.is_none()
        && options.undo_retry.is_none()
        && options.undo_timeout.is_none()
        && options.settle_after.is_none();
    if says_nothing {
        let words = "say how patiently this call is tried: `.with(timeout(\"5s\"), retry(max_attempts = 5))`";
        errors.at(with, words);
    }
    policy(&mut options, None, errors)
}

pub(super) fn policy(options: &mut Options, class: Option<Class>, errors: &mut Errors) -> Policy {
    Policy {
        retry: options.retry.take().and_then(|r| retry(r, class, errors)),
        timeout: options.timeout.take().and_then(|t| more_than_nothing("timeout", t, errors)),
        undo_retry: options.undo_retry.take().and_then(|r| retry(r, None, errors)),
        undo_timeout: options.undo_timeout.take().and_then(|t| more_than_nothing("undo_timeout", t, errors)),
        settle_after: options.settle_after.take(),
    }
}

fn retry(given: Retry, class: Option<Class>, errors: &mut Errors) -> Option<Retry> {
    let keyword = &given.keyword;
    if let Some(attempts) = &given.max_attempts {
        match attempts.base10_parse::<u32>() {
            Ok(0) => errors.at(attempts, "`max_attempts` counts the first attempt too: at least 1"),
            Ok(_) => {}
            Err(_) => errors.at(attempts, format!("`max_attempts` is a number from 1 to {}", u32::MAX)),
        }
    }
    if class == Some(Class::Retriable) {
        let forever = "a `retriable` step is tried until it succeeds: leave out";
        if let Some(attempts) = &given.max_attempts {
            errors.at(attempts, format!("{forever} `max_attempts`"));
        }
        if let Some(deadline) = &given.deadline {
            errors.at(&deadline.text, format!("{forever} `deadline`"));
        }
    }
    if let Some(given) = &given.backoff {
        backoff(given, errors);
    }
    if let Some(jitter) = given.jitter.as_ref().filter(|j| *j != "full" && *j != "none") {
        errors.at(jitter, format!("unknown jitter `{jitter}` of `{keyword}`: it is `full` or `none`"));
    }
    let _ = given.deadline.clone().and_then(|d| more_than_nothing("deadline", d, errors));
    Some(given)
}

fn backoff(given: &Backoff, errors: &mut Errors) {
    match (given.shape.to_string().as_str(), given.lengths.as_slice()) {
        ("fixed", [_]) => {}
        ("linear" | "exponential", [first, max]) if first.time <= max.time => {}
        ("linear" | "exponential", [_, max]) => {
            errors.at(&max.text, "the longest pause is shorter than the first one: give the first, then the longest");
        }
        _ => errors.at(
            &given.shape,
            "a backoff is `fixed(\"1s\")`, `linear(\"1s\", \"10s\")` or `exponential(\"200ms\", \"30s\")`: the \
             first pause, then the longest",
        ),
    }
}

pub(crate) fn more_than_nothing(option: &str, length: Length, errors: &mut Errors) -> Option<Length> {
    if length.time.is_zero() {
        errors.at(
            &length.text,
            format!("a `{option}` of nothing leaves no time to work: give at least \"1ms\""),
        );
        return None;
    }
    Some(length)
}
