//! The compensation, and what is done about an outcome that nobody knows.

use syn::{Expr, ExprLit, Lit};

use crate::diagnostics::Errors;
use crate::mentions;
use crate::step::model::{IfUnknown, Param, Undo};

pub(super) fn undo(given: Expr, transactional: bool, errors: &mut Errors) -> Option<Undo> {
    if transactional && let Some(recorded) = mentions::of(&given).iter().find(|m| *m == "recorded") {
        let words = "a `transactional` step writes no record: what it changed is in its own database, where \
                     the compensation can read it";
        errors.at(recorded, words);
        return None;
    }
    match given {
        Expr::Path(path) => Some(Undo::With(path)),
        Expr::Call(_) | Expr::MethodCall(_) => Some(Undo::Call(given)),
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
            errors.at(&text, format!("write it without quotes: `compensate = {}`", text.value()));
            None
        }
        Expr::Await(awaited) => {
            errors.at(awaited, "the compensation is awaited for you: write it without `.await`");
            None
        }
        other => {
            errors.at(
                other,
                "a compensation is a function that is called: write `compensate = undo`, which is called with the step's parameters and its output, or \
                 `compensate = undo(..)` with the parameters, `output`, `cause` and `recorded` in scope",
            );
            None
        }
    }
}

pub(super) fn if_unknown(given: Option<Expr>, params: &[Param], errors: &mut Errors) -> Option<IfUnknown> {
    if let Some(call @ (Expr::Call(_) | Expr::MethodCall(_))) = &given
        && let Some(output) = mentions::of(call).iter().find(|m| *m == "output")
        && params.iter().all(|param| param.name != "output")
    {
        let words = "the look-up is asked for the output, so it has none: it is called with the step's parameters, \
                     `cx` and `recorded`";
        errors.at(output, words);
        return None;
    }
    match given {
        None => Some(IfUnknown::Compensate),
        Some(Expr::Path(path)) if path.path.is_ident("rerun") => Some(IfUnknown::Rerun),
        Some(Expr::Path(path)) if path.path.is_ident("park") => Some(IfUnknown::Park),
        Some(call @ (Expr::Call(_) | Expr::MethodCall(_))) => Some(IfUnknown::LookUp(call)),
        Some(Expr::Await(awaited)) => {
            errors.at(awaited, "the look-up is awaited for you: write it without `.await`");
            None
        }
        Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => {
            errors.at(&text, format!("write it without quotes: `if_unknown = {}`", text.value()));
            None
        }
        Some(Expr::Path(path)) => {
            let words = format!(
                "a look-up is called, like `{}(..)` with the step's parameters, and returns `Result<Option<Output>, _>`; \
                 the other answers are `rerun` (the step is idempotent) and `park` (a person decides)",
                mentions::path(&path.path)
            );
            errors.at(&path, words);
            None
        }
        Some(other) => {
            errors.at(
                other,
                "`if_unknown` is a look-up like `find_ip(netbox, subscriber)` that returns \
                 `Result<Option<Output>, _>`, or `rerun` (the step is idempotent), or `park` (a person decides)",
            );
            None
        }
    }
}
