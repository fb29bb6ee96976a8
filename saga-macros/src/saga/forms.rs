//! Telling the forms of a body apart by their syntax.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::visit::Visit;
use syn::{Attribute, Expr, ExprAsync, ExprAwait, ExprCall, ExprMethodCall, ExprPath, Ident, Macro};

use super::names;

/// The words of the language, beside `try_join!`.
pub(crate) const WORDS: [&str; 5] = ["when", "for_each", "sleep", "sleep_until", "wait_for_event"];

/// What is awaited.
pub(super) struct Awaited<'a> {
    pub(super) what: What<'a>,
    pub(super) call: &'a ExprCall,
    /// `.with(..)`, `.timeout(..)`, `.max_parallel(..)`, in the order in which they are written.
    pub(super) options: Vec<&'a ExprMethodCall>,
}

/// What is awaited, by its last word.
#[derive(Clone, Copy)]
pub(super) enum What<'a> {
    /// `path(..)`
    Step(&'a ExprPath),
    /// `when(condition, step(..))`
    When(&'a Ident),
    /// `for_each(items, |item| step(..))`
    ForEach(&'a Ident),
    /// `sleep(length)`, `sleep_until(time)`
    Sleep(&'a Ident),
    /// `wait_for_event::<T>("event", key)`
    Wait(&'a Ident, &'a ExprPath),
}

/// Why something cannot be awaited.
#[derive(Clone, Copy)]
pub(super) enum NotAwaited {
    /// `Type::function(..)`, `value.method(..)`
    Method,
    /// Something else.
    Other,
}

/// Without the invisible brackets around what another macro was given.
pub(super) fn bare(expression: &Expr) -> &Expr {
    match expression {
        Expr::Group(group) => bare(&group.expr),
        expression => expression,
    }
}

/// What stands before `.await`, or is a branch of `try_join!`.
pub(super) fn awaited(base: &Expr) -> Result<Awaited<'_>, NotAwaited> {
    let mut options = vec![];
    let mut base = bare(base);
    while let Expr::MethodCall(option) = base {
        if !["with", "timeout", "max_parallel"].iter().any(|name| option.method == name) {
            return Err(NotAwaited::Method);
        }
        options.insert(0, option);
        base = bare(&option.receiver);
    }
    let Expr::Call(call) = base else { return Err(NotAwaited::Other) };
    let Expr::Path(path) = bare(&call.func) else { return Err(NotAwaited::Other) };
    let what = match word(path) {
        Some((word, "when")) => What::When(word),
        Some((word, "for_each")) => What::ForEach(word),
        Some((word, "sleep" | "sleep_until")) => What::Sleep(word),
        Some((word, _)) => What::Wait(word, path),
        None if path.qself.is_some() || !names::is_in_module(&path.path) => return Err(NotAwaited::Method),
        None => What::Step(path),
    };
    Ok(Awaited { what, call, options })
}

/// A word of the language: alone, or behind the module `flow` in which it is documented.
pub(super) fn word(path: &ExprPath) -> Option<(&Ident, &'static str)> {
    let mut from_last = path.path.segments.iter().rev();
    let last = &from_last.next()?.ident;
    let alone = from_last.next().is_none_or(|before| before.ident == "flow");
    let known = WORDS.into_iter().find(|word| last == word)?;
    (alone && path.qself.is_none()).then_some((last, known))
}

/// Does it belong to an async runtime?
pub(super) fn is_of_a_runtime(path: &ExprPath) -> bool {
    let first = path.path.segments.first().filter(|_| path.path.segments.len() > 1);
    first
        .is_some_and(|first| ["async_std", "futures", "smol", "tokio"].iter().any(|name| first.ident == name))
}

/// The attributes of an expression.
pub(super) fn attributes(expression: &Expr) -> Vec<Attribute> {
    let first = |input: ParseStream| {
        let attributes = input.call(Attribute::parse_outer)?;
        input.parse::<TokenStream>()?;
        Ok(attributes)
    };
    first.parse2(expression.to_token_stream()).unwrap_or_default()
}

/// What a plan can hold, because it is known before the saga runs: a literal, or the path of a constant.
pub(super) fn is_constant(expression: &Expr) -> bool {
    match bare(expression) {
        Expr::Lit(_) => true,
        Expr::Path(path) => path.path.segments.last().is_some_and(|last| is_upper(&last.ident)),
        _ => false,
    }
}

/// Constants and variants are spelt so, variables are not.
pub(super) fn is_upper(name: &Ident) -> bool {
    name.to_string().trim_start_matches("r#").starts_with(char::is_uppercase)
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

/// Does anything in it wait for steps?
pub(super) fn block_has_steps(block: &syn::Block) -> bool {
    let mut find = Find(false);
    find.visit_block(block);
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
