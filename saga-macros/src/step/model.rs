//! A step that obeys every rule.

use syn::ext::IdentExt;
use syn::{Expr, ExprPath, Ident, ItemFn, Type};

use super::parse::Retry;
use crate::krate::Crate;
use crate::options::Length;

/// All that the expansion needs to know.
pub(super) struct Step {
    /// Where the crate `saga` is found.
    pub(super) krate: Crate,
    /// The user's function, without its marks.
    pub(super) function: ItemFn,
    /// What the function returns.
    pub(super) returns: Type,
    /// The name in the journal.
    pub(super) name: String,
    pub(super) class: Class,
    pub(super) params: Vec<Param>,
    pub(super) compensate: Option<Undo>,
    pub(super) if_unknown: IfUnknown,
    pub(super) transactional: bool,
    pub(super) late_safe: bool,
    pub(super) secret_output: bool,
    pub(super) system: Option<String>,
    pub(super) policy: Policy,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Compensatable,
    NoEffect,
    Pivot,
    Retriable,
}

/// The compensation.
pub(super) enum Undo {
    /// A path: called with all of the step's parameters and the output.
    With(ExprPath),
    /// A call, as it stands.
    Call(Expr),
}

/// What is done about an unknown outcome.
pub(super) enum IfUnknown {
    Compensate,
    LookUp(Expr),
    Rerun,
    Park,
}

impl Step {
    /// The parameters that are kept in the journal.
    pub(super) fn data(&self) -> Vec<&Param> {
        self.params.iter().filter(|p| matches!(p.role, Role::Data(_))).collect()
    }

    /// Does the compensation always have an output? It has when an unknown outcome is settled first, or
    /// cannot be.
    pub(super) fn knows_output(&self) -> bool {
        self.transactional || matches!(self.if_unknown, IfUnknown::LookUp(_) | IfUnknown::Rerun)
    }
}

/// A parameter of the function.
pub(crate) struct Param {
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    pub(crate) role: Role,
    /// Is it marked `#[secret]`?
    pub(crate) secret: bool,
}

impl Param {
    /// Its key in the journaled object of arguments.
    pub(super) fn key(&self) -> String {
        self.name.unraw().to_string()
    }
}

/// What a parameter is for.
pub(crate) enum Role {
    /// `cx: &StepContext`
    Context,
    /// `tx: &mut Tx<'_>`
    Transaction,
    /// `#[inject] client: &T`: this is `T`.
    Inject(Type),
    /// An argument: kept in the journal.
    Data(Storage),
}

/// How an argument is kept, and how it is lent to the function.
pub(crate) struct Storage {
    /// The type that owns it.
    pub(crate) owned: Type,
    pub(crate) lend: Lend,
}

pub(crate) enum Lend {
    /// By value.
    Move,
    /// `&x`
    Borrow,
    /// `x.as_ref()`
    AsRef,
    /// `x.as_deref()`
    AsDeref,
}

/// How patiently a step is tried. What is not given stays at its default.
pub(crate) struct Policy {
    pub(crate) retry: Option<Retry>,
    pub(crate) timeout: Option<Length>,
    pub(crate) undo_retry: Option<Retry>,
    pub(crate) undo_timeout: Option<Length>,
    pub(crate) settle_after: Option<Length>,
}

impl Policy {
    /// Does it speak of the compensation?
    pub(crate) fn speaks_of_undo(&self) -> bool {
        self.undo_retry.is_some() || self.undo_timeout.is_some()
    }

    /// Does it end the attempts of the step?
    pub(crate) fn is_limited(&self) -> bool {
        self.retry.as_ref().is_some_and(|retry| retry.max_attempts.is_some() || retry.deadline.is_some())
    }
}
