//! Telling the forms of a body apart by their syntax.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;
use syn::{Expr, ExprAsync, ExprAwait, ExprCall, ExprPath, Ident, Macro};

use super::names;

/// What is awaited, by its last word.
pub(super) enum Awaited<'a> {
    /// `path(..)`
    Step { step: &'a ExprPath, call: &'a ExprCall },
    /// `when(condition, step(..))`
    When { keyword: &'a Ident, call: &'a ExprCall },
    /// A word of the language that cannot be run yet.
    Later(&'a Ident),
    /// `Type::function(..)`
    Method,
    /// Something else.
    Other,
}

/// Without the invisible brackets around what another macro was given.
fn bare(expression: &Expr) -> &Expr {
    match expression {
        Expr::Group(group) => bare(&group.expr),
        expression => expression,
    }
}

pub(super) fn awaited(base: &Expr) -> Awaited<'_> {
    let Expr::Call(call) = bare(base) else { return Awaited::Other };
    let Expr::Path(step) = bare(&call.func) else { return Awaited::Other };
    if step.qself.is_some() || !names::is_in_module(&step.path) {
        return Awaited::Method;
    }
    let Some(last) = step.path.segments.last() else { return Awaited::Other };
    match last.ident.to_string().as_str() {
        "when" => Awaited::When { keyword: &last.ident, call },
        "for_each" | "sleep" | "wait_for_event" => Awaited::Later(&last.ident),
        _ => Awaited::Step { step, call },
    }
}

/// `try_join!`, and words that are easily taken for it.
pub(super) fn join_keyword(found: &Macro) -> Option<&Ident> {
    let last = &found.path.segments.last()?.ident;
    (last == "try_join" || last == "join").then_some(last)
}

/// `try_join!(..)?`
pub(super) fn tried_join(expression: &Expr) -> Option<(&Ident, &Macro)> {
    let Expr::Try(tried) = bare(expression) else { return None };
    let Expr::Macro(found) = bare(&tried.expr) else { return None };
    join_keyword(&found.mac).map(|keyword| (keyword, &found.mac))
}

/// `step(..).await.ok()`
pub(super) fn tolerated(expression: &Expr) -> Option<&ExprAwait> {
    match bare(expression) {
        Expr::MethodCall(call) if call.method == "ok" && call.args.is_empty() => match bare(&call.receiver) {
            Expr::Await(awaited) => Some(awaited),
            _ => None,
        },
        _ => None,
    }
}

/// `let pattern = value`, alone or in a chain of `&&`.
pub(super) fn binds(condition: &Expr) -> bool {
    match condition {
        Expr::Let(_) => true,
        Expr::Binary(both) => binds(&both.left) || binds(&both.right),
        _ => false,
    }
}

/// Does anything in it wait for steps?
pub(super) fn has_steps(expression: &Expr) -> bool {
    let mut find = Find(false);
    find.visit_expr(expression);
    find.0
}

struct Find(bool);

impl<'a> Visit<'a> for Find {
    fn visit_expr_await(&mut self, _: &'a ExprAwait) {
        self.0 = true;
    }
    fn visit_expr_async(&mut self, _: &'a ExprAsync) {
        self.0 = true;
    }
    fn visit_macro(&mut self, found: &'a Macro) {
        self.0 |= join_keyword(found).is_some() || mentions_await(found.tokens.clone());
    }
}

fn mentions_await(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "await",
        TokenTree::Group(group) => mentions_await(group.stream()),
        _ => false,
    })
}
