//! The syntax of `#[step(..)]`: what may be written, before asking whether it makes sense.

use proc_macro2::TokenStream;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, LitInt, LitStr, Path, Token};

use crate::diagnostics::Errors;
use crate::options::{self, Known, Length};

/// What stands in the brackets.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) krate: Option<Path>,
    pub(super) compensate: Option<Expr>,
    pub(super) no_effect: Option<Ident>,
    pub(super) pivot: Option<Ident>,
    pub(super) retriable: Option<Ident>,
    pub(super) if_unknown: Option<Expr>,
    pub(super) transactional: Option<Ident>,
    pub(super) late_safe: Option<Ident>,
    pub(super) secret_output: Option<Ident>,
    pub(super) system: Option<LitStr>,
    pub(super) name: Option<LitStr>,
    pub(super) retry: Option<Retry>,
    pub(super) timeout: Option<Length>,
    pub(super) undo_retry: Option<Retry>,
    pub(super) undo_timeout: Option<Length>,
    pub(super) settle_after: Option<Length>,
}

const STEP: Known = Known {
    of: "a step",
    names: &[
        "compensate = undo(..)",
        "no_effect",
        "pivot",
        "retriable",
        "if_unknown = find(..)",
        "transactional",
        "system = \"..\"",
        "name = \"..\"",
        "retry(max_attempts = 5)",
        "timeout = \"10s\"",
        "undo_retry(max_attempts = 5)",
        "undo_timeout = \"10s\"",
        "settle_after = \"1m\"",
        "late_safe",
        "secret_output",
        "crate = path",
    ],
    meant: &[
        ("undo", "compensate = undo(..)"),
        ("rollback", "compensate = undo(..)"),
        ("compensation", "compensate = undo(..)"),
        ("read_only", "no_effect"),
        ("readonly", "no_effect"),
        ("effect_free", "no_effect"),
        ("noeffect", "no_effect"),
        ("retries", "retry(max_attempts = 5)"),
        ("attempts", "retry(max_attempts = 5)"),
        ("max_attempts", "retry(max_attempts = 5)"),
        ("max_retries", "retry(max_attempts = 5)"),
        ("backoff", "retry(backoff = exponential(\"200ms\", \"30s\"))"),
        ("deadline", "timeout = \"10s\""),
        ("look_up", "if_unknown = find(..)"),
        ("lookup", "if_unknown = find(..)"),
        ("probe", "if_unknown = find(..)"),
        ("transaction", "transactional"),
        ("secret", "secret_output"),
    ],
};

/// Reads the options of a step.
pub(super) fn options(tokens: TokenStream, errors: &mut Errors) -> Options {
    let mut all = Options::default();
    let mut inside = Errors::default();
    options::parse(tokens, &STEP, errors, |key, input| {
        Some(match key.to_string().as_str() {
            "compensate" => options::value(input, &mut all.compensate),
            "no_effect" => word(key, &mut all.no_effect),
            "pivot" => word(key, &mut all.pivot),
            "retriable" => word(key, &mut all.retriable),
            "if_unknown" => options::value(input, &mut all.if_unknown),
            "transactional" => word(key, &mut all.transactional),
            "late_safe" => word(key, &mut all.late_safe),
            "secret_output" => word(key, &mut all.secret_output),
            "system" => options::value(input, &mut all.system),
            "name" => options::value(input, &mut all.name),
            "retry" => retry(key, input, &mut all.retry, &mut inside),
            "timeout" => options::length(input, &mut all.timeout),
            "undo_retry" => retry(key, input, &mut all.undo_retry, &mut inside),
            "undo_timeout" => options::length(input, &mut all.undo_timeout),
            "settle_after" => options::length(input, &mut all.settle_after),
            "crate" => options::path(input, &mut all.krate),
            _ => return None,
        })
    });
    errors.append(inside);
    all
}

const CALL: Known = Known {
    of: "a call",
    names: &[
        "retry(max_attempts = 5)",
        "timeout(\"10s\")",
        "undo_retry(max_attempts = 5)",
        "undo_timeout(\"10s\")",
        "settle_after(\"1m\")",
    ],
    meant: &[
        ("retries", "retry(max_attempts = 5)"),
        ("attempts", "retry(max_attempts = 5)"),
        ("max_attempts", "retry(max_attempts = 5)"),
        ("deadline", "timeout(\"10s\")"),
    ],
};

/// Reads what `.with(..)` says of one call.
pub(super) fn call_options(tokens: TokenStream, errors: &mut Errors) -> Options {
    let mut all = Options::default();
    let mut inside = Errors::default();
    options::parse(tokens, &CALL, errors, |key, input| {
        Some(match key.to_string().as_str() {
            "retry" => retry(key, input, &mut all.retry, &mut inside),
            "timeout" => options::length(input, &mut all.timeout),
            "undo_retry" => retry(key, input, &mut all.undo_retry, &mut inside),
            "undo_timeout" => options::length(input, &mut all.undo_timeout),
            "settle_after" => options::length(input, &mut all.settle_after),
            _ => return None,
        })
    });
    errors.append(inside);
    all
}

fn word(key: &Ident, into: &mut Option<Ident>) -> syn::Result<()> {
    into.get_or_insert(key.clone());
    Ok(())
}

/// `retry(max_attempts = 5, backoff = exponential("200ms", "30s"), jitter = full, deadline = "10m")`
pub(crate) struct Retry {
    pub(super) keyword: Ident,
    pub(super) max_attempts: Option<LitInt>,
    pub(super) backoff: Option<Backoff>,
    pub(super) jitter: Option<Ident>,
    pub(super) deadline: Option<Length>,
}

const RETRY: Known = Known {
    of: "`retry`",
    names: &[
        "max_attempts = 5",
        "backoff = exponential(\"200ms\", \"30s\")",
        "jitter = full",
        "deadline = \"10m\"",
    ],
    meant: &[
        ("attempts", "max_attempts = 5"),
        ("max", "max_attempts = 5"),
        ("max_retries", "max_attempts = 5"),
        ("retries", "max_attempts = 5"),
        ("times", "max_attempts = 5"),
        ("exponential", "backoff = exponential(\"200ms\", \"30s\")"),
        ("linear", "backoff = linear(\"1s\", \"10s\")"),
        ("fixed", "backoff = fixed(\"1s\")"),
        ("delay", "backoff = fixed(\"1s\")"),
        ("interval", "backoff = fixed(\"1s\")"),
        ("timeout", "deadline = \"10m\""),
    ],
};

fn retry(key: &Ident, input: ParseStream, into: &mut Option<Retry>, errors: &mut Errors) -> syn::Result<()> {
    let tokens = options::inside(input)?;
    let keyword = key.clone();
    let mut retry = Retry { keyword, max_attempts: None, backoff: None, jitter: None, deadline: None };
    options::parse(tokens, &RETRY, errors, |key, input| {
        Some(match key.to_string().as_str() {
            "max_attempts" => options::value(input, &mut retry.max_attempts),
            "backoff" => backoff(input, &mut retry.backoff),
            "jitter" => options::value(input, &mut retry.jitter),
            "deadline" => options::value(input, &mut retry.deadline),
            _ => return None,
        })
    });
    into.get_or_insert(retry);
    Ok(())
}

/// `exponential("200ms", "30s")`
pub(crate) struct Backoff {
    pub(super) shape: Ident,
    pub(super) lengths: Vec<Length>,
}

fn backoff(input: ParseStream, into: &mut Option<Backoff>) -> syn::Result<()> {
    input.parse::<Token![=]>()?;
    let shape: Ident = input.parse()?;
    let mut lengths = vec![];
    if input.peek(syn::token::Paren) {
        let all = Punctuated::<Length, Token![,]>::parse_terminated.parse2(options::inside(input)?)?;
        lengths.extend(all);
    }
    into.get_or_insert(Backoff { shape, lengths });
    Ok(())
}
