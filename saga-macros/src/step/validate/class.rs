//! How a step is undone, and the options that need, or exclude, each other.

use syn::spanned::Spanned;
use syn::{Error, Ident};

use crate::diagnostics::Errors;
use crate::step::model::{Class, Param, Role};
use crate::step::parse::Options;

/// `told`: something about the options is wrong already, and may be the reason why there is no class.
pub(super) fn class(options: &Options, name: &Ident, told: bool, errors: &mut Errors) -> Option<Class> {
    let compensate = options.compensate.as_ref().map(|e| ("compensate = ..", e.span()));
    let word = |word: &Option<Ident>, text| word.as_ref().map(|w| (text, w.span()));
    let given: Vec<_> = [
        (compensate, Class::Compensatable),
        (word(&options.no_effect, "no_effect"), Class::NoEffect),
        (word(&options.pivot, "pivot"), Class::Pivot),
        (word(&options.retriable, "retriable"), Class::Retriable),
    ]
    .into_iter()
    .filter_map(|(given, class)| given.map(|(text, span)| (text, span, class)))
    .collect();
    match given.as_slice() {
        [] if told => None,
        [] => {
            errors.at(
                name,
                format!(
                    "say how `{name}` is undone:\n  \
                     `#[step(compensate = undo(..))]` it can be undone\n  \
                     `#[step(no_effect)]`             nothing to undo, it only reads\n  \
                     `#[step(pivot)]`                 it cannot be undone; steps after it must be `retriable`\n  \
                     `#[step(retriable)]`             it is retried until it succeeds"
                ),
            );
            None
        }
        [(first, _, class), more @ ..] => {
            for (text, span, _) in more {
                let words = format!("`{text}` contradicts `{first}`: a step is undone in one way");
                errors.push(Error::new(*span, words));
            }
            Some(*class)
        }
    }
}

/// Options that need, or exclude, each other.
pub(super) fn combinations(
    options: &Options,
    class: Option<Class>,
    name: &Ident,
    params: &[Param],
    errors: &mut Errors,
) {
    let Some(class) = class else { return };
    if class != Class::Compensatable {
        let needs = "speaks of the compensation, and this step has none: it needs `compensate = ..`";
        if let Some(given) = &options.undo_retry {
            errors.at(&given.keyword, format!("`undo_retry` {needs}"));
        }
        if let Some(given) = &options.undo_timeout {
            errors.at(&given.text, format!("`undo_timeout` {needs}"));
        }
    }
    if let Some(transactional) = &options.transactional {
        if errors.is_empty() && !params.iter().any(|p| matches!(p.role, Role::Transaction)) {
            let words =
                format!("`{name}` works in a transaction but does not take it: add `tx: &mut Tx<'_>`");
            errors.at(transactional, words);
        }
        let never =
            "is for outcomes that may be unknown, and a `transactional` step's never is: leave it out";
        if let Some(given) = &options.if_unknown {
            errors.at(given, format!("`if_unknown` {never}"));
        }
        if let Some(given) = &options.settle_after {
            errors.at(&given.text, format!("`settle_after` {never}"));
        }
        if let Some(given) = &options.late_safe {
            errors.at(given, format!("`late_safe` {never}"));
        }
        return;
    }
    if !matches!(class, Class::Compensatable | Class::Pivot)
        && let Some(given) = &options.if_unknown
    {
        errors.at(
            given,
            "`if_unknown` settles an outcome that nobody knows, before it is undone or built upon: it needs \
             `compensate = ..` or `pivot`",
        );
    }
    if class == Class::Compensatable || options.if_unknown.is_some() {
        if let (Some(_), Some(given)) = (&options.late_safe, &options.settle_after) {
            errors.at(&given.text, "a `late_safe` step waits for nothing: leave `settle_after` out");
        }
        return;
    }
    let needs = "speaks of the time before an unknown outcome is undone or looked up: it needs \
                 `compensate = ..` or `if_unknown = ..`";
    if let Some(given) = &options.settle_after {
        errors.at(&given.text, format!("`settle_after` {needs}"));
    }
    if let Some(given) = &options.late_safe {
        errors.at(given, format!("`late_safe` {needs}"));
    }
}
