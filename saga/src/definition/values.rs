//! Typed placeholders for values that exist only when a workflow runs.

use super::plan::NodeId;
use crate::error::StepError;
use crate::json::Json;
use crate::step::Data;

/// Stands for a value that will exist when the saga runs. `Copy` and typed; it never outlives its plan.
pub struct Handle<T> {
    pub(super) node: NodeId,
    /// Kept here, so that a type which cannot be journaled is reported once, where its handle is made.
    read: fn(Option<&Json>) -> Result<T, StepError>,
}

impl<T: Data> Handle<T> {
    pub(super) fn new(node: NodeId) -> Self {
        Self { node, read }
    }
}
/// What a computation of a saga gives, if it can be journaled. (A bound on the value itself would make the compiler
/// propose to borrow what is borrowed already.)
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be journaled",
    label = "a value of a saga is written down and read back",
    note = "of a reference keep a copy (`.cloned()`, `.to_owned()`); what is owned and `Send` derives `serde::Serialize` and `serde::Deserialize`"
)]
pub trait Computed<T> {
    /// What is written down.
    ///
    /// # Errors
    /// The computation's own, and what cannot be written as JSON.
    #[doc(hidden)]
    fn journaled(self) -> Result<Json, StepError>;
    /// What reads it back.
    #[doc(hidden)]
    fn handle(node: NodeId) -> Handle<T>;
}
#[diagnostic::do_not_recommend]
impl<T: Data> Computed<T> for Result<T, StepError> {
    fn journaled(self) -> Result<Json, StepError> {
        Json::encode(&self?).map_err(StepError::permanent)
    }
    fn handle(node: NodeId) -> Handle<T> {
        Handle::new(node)
    }
}
impl<T> Handle<T> {
    /// A value of the same type at another place.
    pub(super) fn like(self, node: NodeId) -> Self {
        Self { node, ..self }
    }
}

/// How the message begins when a value has another type than its handle says.
pub(crate) const UNREADABLE: &str = "a journaled value";

fn read<T: Data>(journaled: Option<&Json>) -> Result<T, StepError> {
    let value = match journaled {
        Some(json) => json.decode(),
        None => Json::null().decode(),
    };
    value.map_err(|e| StepError::permanent(format!("{UNREADABLE} {e}")))
}
impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Handle<T> {}

/// The journaled values of a workflow, by node.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a>(pub &'a [Option<Json>]);

impl<'a> Values<'a> {
    /// Without the first ones, which belong to the plan around.
    pub(crate) fn from(self, offset: u32) -> Values<'a> {
        Values(self.0.get(offset as usize..).unwrap_or_default())
    }
    pub(super) fn at(&self, node: NodeId) -> Option<&Json> {
        self.0.get(node.0 as usize).and_then(Option::as_ref)
    }
}

/// The handles that a closure reads: `()`, `(a,)`, `(a, b)`, … up to 12, nestable. It receives exactly their
/// values, decoded.
pub trait Deps: Copy + Send + Sync + 'static {
    /// What the closure receives.
    type Values;
    /// Adds the nodes it reads.
    fn nodes(&self, out: &mut Vec<NodeId>);
    /// Decodes the values.
    ///
    /// # Errors
    /// When a journaled value has another type than the handle says.
    fn load(&self, values: Values<'_>) -> Result<Self::Values, StepError>;
}

impl<T: 'static> Deps for Handle<T> {
    type Values = T;
    fn nodes(&self, out: &mut Vec<NodeId>) {
        out.push(self.node);
    }
    fn load(&self, values: Values<'_>) -> Result<T, StepError> {
        (self.read)(values.at(self.node))
    }
}

macro_rules! tuples {
    ($($($t:ident)*;)*) => {$(
        #[allow(non_snake_case, unused_variables, reason = "one text for all lengths, the empty one too")]
        impl<$($t: Deps),*> Deps for ($($t,)*) {
            type Values = ($($t::Values,)*);
            fn nodes(&self, out: &mut Vec<NodeId>) {
                let ($($t,)*) = self;
                $($t.nodes(out);)*
            }
            fn load(&self, values: Values<'_>) -> Result<Self::Values, StepError> {
                let ($($t,)*) = self;
                Ok(($($t.load(values)?,)*))
            }
        }
    )*}
}
tuples! { ; A; A B; A B C; A B C D; A B C D E; A B C D E F; A B C D E F G; A B C D E F G H; A B C D E F G H I;
A B C D E F G H I J; A B C D E F G H I J K; A B C D E F G H I J K L; }
