//! The order of a saga, checked by the compiler: after (or beside) a pivot nothing may fail.
//!
//! One constant for each place says whether a pivot may have run before it; so the text stays as long as the
//! saga, however its `if`s are nested.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned;

use super::model::{Block, Call, Flow, If, Join, Saga, Statement};
use super::names::Names;
use crate::krate::Crate;

/// What a saga calls, and the assertions on its order.
pub(super) struct Order<'n> {
    saga: Crate,
    names: &'n mut Names,
    /// Every step, in the order of the calls.
    pub(super) steps: Vec<Ident>,
    /// Constants and assertions.
    pub(super) checks: TokenStream,
    places: usize,
}

pub(super) fn check<'n>(saga: &Saga, names: &'n mut Names) -> Order<'n> {
    let krate = saga.krate.clone();
    let mut order = Order { saga: krate, names, steps: vec![], checks: TokenStream::new(), places: 0 };
    order.statements(&saga.body.statements, quote!(false));
    order
}

impl Order<'_> {
    /// Whether the steps' own names say that one of them is a pivot.
    pub(super) fn any_pivot(saga: &Crate, steps: &[Ident]) -> TokenStream {
        quote!(false #(|| #saga::__private::Known::<#steps>::IS_PIVOT)*)
    }

    /// Gives a condition a name.
    fn place(&mut self, condition: &TokenStream) -> TokenStream {
        self.places += 1;
        let name = format_ident!("__SAGA_PIVOT_BEFORE_{}", self.places, span = Span::mixed_site());
        self.checks.extend(quote!(const #name: bool = #condition;));
        name.to_token_stream()
    }

    fn statements(&mut self, statements: &[Statement], before: TokenStream) -> TokenStream {
        statements.iter().fold(before, |before, statement| match statement {
            Statement::Let { value, .. } | Statement::Keep { value, .. } | Statement::Do(value) => {
                self.flow(value, before)
            }
            Statement::Unpack { join, .. } => self.join(join, &before),
        })
    }

    fn block(&mut self, block: &Block, before: TokenStream) -> TokenStream {
        let before = self.statements(&block.statements, before);
        match &block.value {
            Some(value) => self.flow(value, before),
            None => before,
        }
    }

    fn flow(&mut self, flow: &Flow, before: TokenStream) -> TokenStream {
        match flow {
            Flow::Call(call) => self.call(call, &before),
            Flow::When(when) => self.call(&when.call, &before),
            Flow::If(choice) => self.choice(choice, &before),
            Flow::Join(join) => self.join(join, &before),
            Flow::Block(block) => self.block(block, before),
            Flow::Value(_) => before,
        }
    }

    fn call(&mut self, call: &Call, before: &TokenStream) -> TokenStream {
        let (saga, step) = (self.saga.at(call.step.span()), self.names.step(call));
        let name = call.step.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
        if !call.tolerated {
            let words = format!(
                "`{name}` comes after a pivot, or beside it, and may fail: declare it `#[step(retriable)]`, \
                 tolerate its failure with `.await.ok()`, or move it before the pivot"
            );
            self.checks.extend(quote_spanned! {step.span()=>
                const _: () = ::core::assert!(!#before || #saga::__private::Known::<#step>::IS_RETRIABLE, #words);
            });
        }
        let after = quote!(#before || #saga::__private::Known::<#step>::IS_PIVOT);
        self.steps.push(step);
        self.place(&after)
    }

    fn choice(&mut self, choice: &If, before: &TokenStream) -> TokenStream {
        let then = self.block(&choice.then, before.clone());
        let otherwise = match &choice.otherwise {
            Some(block) => self.block(block, before.clone()),
            None => before.clone(),
        };
        self.place(&quote!(#then || #otherwise))
    }

    fn join(&mut self, join: &Join, before: &TokenStream) -> TokenStream {
        let saga = self.saga.clone();
        let inside: Vec<_> = join
            .branches
            .iter()
            .map(|branch| {
                let mut steps = vec![];
                calls_of_block(branch, &mut |call| steps.push(self.names.step(call)));
                self.place(&Self::any_pivot(&saga, &steps))
            })
            .collect();
        let mut after = before.clone();
        for (i, branch) in join.branches.iter().enumerate() {
            let beside = inside.iter().enumerate().filter(|(other, _)| *other != i).map(|(_, pivot)| pivot);
            let here = self.place(&quote!(#before #(|| #beside)*));
            self.block(branch, here);
        }
        after.extend(quote!(#(|| #inside)*));
        self.place(&after)
    }
}

fn calls_of_block(block: &Block, found: &mut dyn FnMut(&Call)) {
    for statement in &block.statements {
        match statement {
            Statement::Let { value, .. } | Statement::Keep { value, .. } | Statement::Do(value) => {
                calls_of(value, found);
            }
            Statement::Unpack { join, .. } => join.branches.iter().for_each(|b| calls_of_block(b, found)),
        }
    }
    if let Some(value) = &block.value {
        calls_of(value, found);
    }
}

fn calls_of(flow: &Flow, found: &mut dyn FnMut(&Call)) {
    match flow {
        Flow::Call(call) => found(call),
        Flow::When(when) => found(&when.call),
        Flow::If(choice) => {
            calls_of_block(&choice.then, found);
            choice.otherwise.iter().for_each(|block| calls_of_block(block, found));
        }
        Flow::Join(join) => join.branches.iter().for_each(|branch| calls_of_block(branch, found)),
        Flow::Block(block) => calls_of_block(block, found),
        Flow::Value(_) => {}
    }
}
