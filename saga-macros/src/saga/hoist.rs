//! Steps inside expressions: they are put before the statement, in the order in which they run, and the
//! expression reads their values.

use proc_macro2::Span;
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Ident, Token, parse_quote};

use super::model::{Flow, Statement};
use super::read::{Reader, Statements, Wanted};
use super::{forms, validate};

impl Reader<'_> {
    /// An expression without steps: those it holds are put before it, in the order in which they run.
    pub(super) fn pure(&mut self, expression: &Expr, into: &mut Statements) -> Option<Expr> {
        let mut expression = expression.clone();
        let mut hoist = Hoist { reader: self, into, good: true };
        hoist.visit_expr_mut(&mut expression);
        let good = hoist.good;
        validate::pure(&expression, self.errors);
        good.then_some(expression)
    }

    /// Puts a value before the statement, and gives its name.
    pub(super) fn kept(&mut self, value: Flow, place: Span, into: &mut Statements) -> Expr {
        self.hoisted += 1;
        let name =
            Ident::new(&format!("__saga_value_{}", self.hoisted), Span::mixed_site().located_at(place));
        into.push(Statement::Keep { name: Some(name.clone()), value });
        parse_quote!(#name)
    }
}

/// Replaces the steps inside an expression by names for their values.
struct Hoist<'r, 'e, 's> {
    reader: &'r mut Reader<'e>,
    into: &'s mut Statements,
    good: bool,
}

/// What stands between the brackets of `vec![..]`.
enum List {
    Each(Punctuated<Expr, Token![,]>),
    Repeat(Box<Expr>, Token![;], Box<Expr>),
}

impl Parse for List {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let ahead = input.fork();
        if ahead.parse::<Expr>().is_ok() && ahead.peek(Token![;]) {
            return Ok(Self::Repeat(input.parse()?, input.parse()?, input.parse()?));
        }
        Punctuated::parse_terminated(input).map(Self::Each)
    }
}

/// The elements of a list are computed in the order in which they stand there.
fn list(expression: &Expr) -> Option<List> {
    match expression {
        Expr::Macro(found) if found.mac.path.segments.last().is_some_and(|last| last.ident == "vec") => {
            found.mac.parse_body().ok()
        }
        _ => None,
    }
}

impl Hoist<'_, '_, '_> {
    fn visit_list(&mut self, expression: &mut Expr, mut list: List) {
        let tokens = match &mut list {
            List::Each(each) => {
                each.iter_mut().for_each(|element| self.visit_expr_mut(element));
                each.to_token_stream()
            }
            List::Repeat(element, semicolon, times) => {
                self.visit_expr_mut(element);
                self.visit_expr_mut(times);
                quote!(#element #semicolon #times)
            }
        };
        if let Expr::Macro(found) = expression {
            found.mac.tokens = tokens;
        }
    }
}

impl VisitMut for Hoist<'_, '_, '_> {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        if !forms::has_steps(expression) {
            return;
        }
        if let Some(list) = list(expression) {
            self.visit_list(expression, list);
            return;
        }
        if let Some(mistake) = validate::misplaced(expression) {
            self.reader.errors.at(&*expression, mistake);
            self.good = false;
            return;
        }
        if !is_flow(expression) {
            visit_mut::visit_expr_mut(self, expression);
            return;
        }
        match self.reader.flow(expression, Wanted::Value, self.into) {
            None => self.good = false,
            Some(value) => *expression = self.reader.kept(value, expression.span(), self.into),
        }
    }
}

fn is_flow(expression: &Expr) -> bool {
    match expression {
        Expr::Await(_) | Expr::If(_) | Expr::Match(_) | Expr::Block(_) | Expr::Macro(_) => true,
        Expr::Try(tried) if matches!(&*tried.expr, Expr::Await(_)) => true,
        other => forms::tolerated(other).is_some() || forms::tried_join(other).is_some(),
    }
}
