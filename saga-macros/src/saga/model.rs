//! A saga that obeys every rule: its body as a tree of what it does, free of syntax.

use proc_macro2::Span;
use syn::{Attribute, Expr, ExprCall, ExprClosure, ExprPath, Ident, LitInt, Pat, Type, Visibility};

use crate::krate::Crate;
use crate::options::Length;
use crate::step::Policy;

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
    /// Exclusion keys: a name, and what of the input it is.
    pub(super) locks: Vec<Lock>,
    pub(super) input: Ident,
    pub(super) input_type: Type,
    /// Is it marked `#[secret]`?
    pub(super) secret_input: bool,
    /// What the function returns: a `Result`.
    pub(super) returns: Type,
    pub(super) body: Body,
}

/// `onu_serial = &request.onu_serial`
pub(super) struct Lock {
    pub(super) name: Ident,
    pub(super) value: Expr,
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
    /// `let pattern = value else { .. };`
    LetElse(Box<LetElse>),
    /// A value that stood inside an expression, or is dropped.
    Keep { name: Option<Ident>, value: Flow },
    /// Done for its effect: the value does not matter.
    Do(Flow),
}

/// What gives a value when the saga runs.
pub(super) enum Flow {
    /// `step(..).await?`
    Call(Box<Call>),
    /// `when(condition, step(..)).await?`
    When(Box<When>),
    /// `for_each(items, |item| step(..)).await?`
    Each(Box<Each>),
    /// `sleep(length).await`
    Sleep(Sleep),
    /// `wait_for_event("event", key).await?`
    Wait(Box<Wait>),
    /// `if condition { .. } else { .. }`
    If(Box<If>),
    /// `match value { .. }`, and `if let`
    Match(Box<Match>),
    /// `try_join!(..)?`
    Join(Join),
    /// `{ .. }`
    Block(Box<Block>),
    /// An expression without steps.
    Value(Expr),
}

/// What becomes of the saga when a call fails.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum IfFailed {
    /// `.await?`
    Fail,
    /// `.await.ok()`
    GoOn,
    /// `let result = step(..).await;`
    Decide,
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
    pub(super) if_failed: IfFailed,
    /// `.with(..)`
    pub(super) policy: Option<Policy>,
}

pub(super) struct When {
    pub(super) keyword: Ident,
    pub(super) condition: Condition,
    pub(super) call: Call,
}

pub(super) struct Each {
    pub(super) keyword: Ident,
    pub(super) items: Expr,
    /// Its body is the call.
    pub(super) closure: ExprClosure,
    pub(super) call: Call,
    /// A constant.
    pub(super) max_parallel: Option<Expr>,
}

pub(super) struct Sleep {
    /// `sleep` or `sleep_until`
    pub(super) keyword: Ident,
    pub(super) time: Expr,
}

pub(super) struct Wait {
    pub(super) keyword: Ident,
    /// What the event brings.
    pub(super) ty: Type,
    /// A constant.
    pub(super) event: Expr,
    pub(super) key: Expr,
    pub(super) timeout: Option<Length>,
    pub(super) if_failed: IfFailed,
}

/// What fails when a value is not of a pattern.
pub(super) struct LetElse {
    pub(super) binding: Binding,
    /// It ends the saga, with an error.
    pub(super) otherwise: syn::Block,
}

/// `let pattern = value`: its names are in scope from there on.
pub(super) struct Binding {
    pub(super) pattern: Pat,
    /// Without steps. It gives the same whenever it is computed.
    pub(super) value: Expr,
    pub(super) names: Vec<Ident>,
}

pub(super) struct If {
    /// With `let`s in it, an `if` of its own, which gives a `bool`.
    pub(super) condition: Condition,
    /// What the `let`s in the condition bind, for the first arm.
    pub(super) bindings: Vec<Binding>,
    pub(super) then: Block,
    pub(super) otherwise: Option<Block>,
}

pub(super) struct Match {
    /// What is matched, as it was written, for people.
    pub(super) text: String,
    /// Without steps. Where an arm uses a name that its pattern binds, it gives the same whenever it is
    /// computed.
    pub(super) scrutinee: Expr,
    pub(super) arms: Vec<Arm>,
}

pub(super) struct Arm {
    /// Its pattern and guard as they were written; no two arms have one name.
    pub(super) name: String,
    pub(super) pattern: Pat,
    pub(super) guard: Option<Expr>,
    /// The names that the pattern binds and the body mentions.
    pub(super) bound: Vec<Ident>,
    pub(super) body: Block,
    /// Where the body is.
    pub(super) place: Span,
}

pub(super) struct Join {
    pub(super) keyword: Ident,
    pub(super) branches: Vec<Block>,
}
