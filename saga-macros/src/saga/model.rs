//! A saga that obeys every rule: its body as a tree of what it does, free of syntax.

use syn::{Attribute, Expr, ExprCall, ExprPath, Ident, LitInt, Type, Visibility};

use crate::krate::Crate;
use crate::options::Length;

/// All that the expansion needs to know.
pub(super) struct Saga {
    /// Where the crate `saga` is found.
    pub(super) krate: Crate,
    /// The function's name.
    pub(super) function: Ident,
    pub(super) vis: Visibility,
    pub(super) docs: Vec<Attribute>,
    /// `#[allow(..)]` and the like.
    pub(super) lints: Vec<Attribute>,
    /// The name in the journal.
    pub(super) name: String,
    pub(super) version: LitInt,
    pub(super) resources: Option<Type>,
    pub(super) parks: bool,
    pub(super) deadline: Option<Length>,
    pub(super) input: Ident,
    pub(super) input_type: Type,
    /// What the function returns: a `Result`.
    pub(super) returns: Type,
    pub(super) body: Body,
}

/// Statements, and the result at their end: an expression without steps.
pub(super) struct Body {
    pub(super) statements: Vec<Statement>,
    pub(super) result: Expr,
}

/// Statements, and the value at their end, if there is one.
pub(super) struct Block {
    pub(super) statements: Vec<Statement>,
    pub(super) value: Option<Flow>,
}

pub(super) enum Statement {
    /// `let name: ty = value;`
    Let { name: Ident, ty: Option<Box<Type>>, value: Flow },
    /// `let (a, _) = try_join!(..)?;`
    Unpack { names: Vec<Option<Ident>>, join: Join },
    /// A value that stood inside an expression, or is dropped.
    Keep { name: Option<Ident>, value: Flow },
    /// Done for its effect: the value does not matter.
    Do(Flow),
}

/// What gives a value when the saga runs.
pub(super) enum Flow {
    /// `step(..).await?`
    Call(Call),
    /// `when(condition, step(..)).await?`
    When(Box<When>),
    /// `if condition { .. } else { .. }`
    If(Box<If>),
    /// `try_join!(..)?`
    Join(Join),
    /// `{ .. }`
    Block(Box<Block>),
    /// An expression without steps.
    Value(Expr),
}

pub(super) struct Condition {
    /// As it was written, for people.
    pub(super) text: String,
    /// Without steps.
    pub(super) expression: Expr,
}

pub(super) struct Call {
    pub(super) step: ExprPath,
    /// The call as it was written, with arguments that hold no steps.
    pub(super) call: ExprCall,
    /// `.await.ok()`
    pub(super) tolerated: bool,
}

pub(super) struct When {
    pub(super) keyword: Ident,
    pub(super) condition: Condition,
    pub(super) call: Call,
}

pub(super) struct If {
    pub(super) condition: Condition,
    pub(super) then: Block,
    pub(super) otherwise: Option<Block>,
}

pub(super) struct Join {
    pub(super) keyword: Ident,
    pub(super) branches: Vec<Block>,
}
