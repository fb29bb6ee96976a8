//! The compensation, and what is done about an outcome that nobody knows.

use syn::{Expr, ExprLit, Lit, Member};

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

/// A part of an output that may be lost. The compiler would advise to unwrap it, and a compensation that panics is
/// the wrong lesson.
pub(super) fn part_of_what_may_be_lost(undo: &Undo, errors: &mut Errors) {
    let Undo::Call(call) = undo else { return };
    match call {
        Expr::Call(call) => call.args.iter().for_each(|argument| part(argument, errors)),
        Expr::MethodCall(call) => call.args.iter().for_each(|argument| part(argument, errors)),
        _ => {}
    }
}

/// Looks along `&output.a.b()`, where no closure or arm can have given the name another meaning.
fn part(of: &Expr, errors: &mut Errors) {
    let is_output = |e: &Expr| matches!(e, Expr::Path(path) if path.path.is_ident("output"));
    let (inner, wanted) = match of {
        Expr::Field(field) => {
            let name = match &field.member {
                Member::Named(name) => name.to_string(),
                Member::Unnamed(index) => index.index.to_string(),
            };
            (&*field.base, Some(name))
        }
        Expr::MethodCall(call) if call.method == "unwrap" || call.method == "expect" => {
            (&*call.receiver, Some(format!("{}(..)", call.method)))
        }
        Expr::MethodCall(call) => (&*call.receiver, None),
        Expr::Reference(reference) => (&*reference.expr, None),
        Expr::Paren(paren) => (&*paren.expr, None),
        _ => return,
    };
    match wanted {
        Some(name) if is_output(inner) => errors.at(
            of,
            format!(
                "there may be no output of which `.{name}` could be asked: an attempt that was cut off has an unknown one, and \
                 is undone too. Say how it is found again, `if_unknown = find(..)` or `if_unknown = rerun`, or hand \
                 `output` over whole, to a compensation that takes an `Option`"
            ),
        ),
        _ => part(inner, errors),
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
