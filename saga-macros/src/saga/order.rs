//! The order of a saga, checked by the compiler: after (or beside) a pivot nothing may fail.
//!
//! One constant for each place says whether a pivot may have run before it; so the text stays as long as the
//! saga, however its `if`s are nested.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned;

use super::model::{Block, Call, Each, Flow, IfFailed, Join, Saga, Statement, Wait};
use super::names::Names;
use crate::krate::Crate;
use crate::step::Policy;

/// What a saga calls, and the assertions on its order.
pub(super) struct Order<'n> {
    saga: Crate,
    names: &'n mut Names,
    /// Every step, in the order of the calls.
    pub(super) steps: Vec<Ident>,
    /// What fails the saga when it fails.
    required: Vec<TokenStream>,
    /// Constants and assertions.
    pub(super) checks: TokenStream,
    places: usize,
}

pub(super) fn check<'n>(saga: &Saga, names: &'n mut Names) -> Order<'n> {
    let krate = saga.krate.clone();
    let mut order =
        Order { saga: krate, names, steps: vec![], required: vec![], checks: TokenStream::new(), places: 0 };
    order.statements(&saga.body.statements, quote!(false));
    order
}

impl Order<'_> {
    /// The class that the saga has where it is called.
    pub(super) fn class(&self) -> TokenStream {
        let Self { saga, steps, required, .. } = self;
        let (steps, required) = (distinct(steps), distinct(required));
        quote! {
            #saga::__private::class_of_saga(
                &[#(#saga::__private::Known::<#steps>::IS_PIVOT),*],
                &[#(#required),*],
            )
        }
    }

    /// Gives a condition a name.
    fn place(&mut self, condition: &TokenStream) -> TokenStream {
        self.places += 1;
        let name = format_ident!("__SAGA_PIVOT_BEFORE_{}", self.places, span = Span::mixed_site());
        self.checks.extend(quote!(const #name: bool = #condition;));
        name.to_token_stream()
    }

    /// What must hold of a call, and what is said if it does not.
    fn assert(&mut self, span: Span, holds: &TokenStream, words: &TokenStream) {
        self.checks.extend(quote_spanned!(span=> const _: () = ::core::assert!(#holds, #words);));
    }

    fn statements(&mut self, statements: &[Statement], before: TokenStream) -> TokenStream {
        statements.iter().fold(before, |before, statement| match statement {
            Statement::Let { value, .. } | Statement::Keep { value, .. } | Statement::Do(value) => {
                self.flow(value, before)
            }
            Statement::Unpack { join, .. } => self.join(join, &before),
            Statement::LetElse(_) => before,
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
            Flow::Each(each) => self.each(each, &before),
            Flow::Wait(wait) => {
                self.wait(wait, &before);
                before
            }
            Flow::If(choice) => {
                let nothing = Block { statements: vec![], value: None };
                self.arms([&choice.then, choice.otherwise.as_ref().unwrap_or(&nothing)], &before)
            }
            Flow::Match(found) => self.arms(found.arms.iter().map(|arm| &arm.body), &before),
            Flow::Join(join) => self.join(join, &before),
            Flow::Block(block) => self.block(block, before),
            Flow::Sleep(_) | Flow::Value(_) => before,
        }
    }

    fn call(&mut self, call: &Call, before: &TokenStream) -> TokenStream {
        let (saga, step) = (self.saga.at(call.step.span()), self.names.step(call));
        let known = quote!(#saga::__private::Known::<#step>);
        let name = called(call);
        if call.if_failed == IfFailed::Fail {
            let step_words = format!(
                "`{name}` comes after a pivot, or beside it, and may fail: declare it `#[step(retriable)]`, \
                 tolerate its failure with `.await.ok()`, or move it before the pivot"
            );
            let saga_words = format!(
                "the saga `{name}` comes after a pivot, or beside it, and may fail: let it call only \
                 `#[step(retriable)]` steps, tolerate its failure with `.await.ok()`, or move it before the pivot"
            );
            let words = quote!("{}", if #known::IS_SAGA { #saga_words } else { #step_words });
            self.assert(place(call), &quote!(!#before || #known::IS_RETRIABLE), &words);
            self.required.push(quote!(#known::IS_RETRIABLE));
        } else {
            let words = format!(
                "the saga `{name}` holds a pivot, so it cannot be undone when it fails: call it with `.await?`, \
                 or move the pivot out of it"
            );
            self.assert(place(call), &quote!(!(#known::IS_SAGA && #known::IS_PIVOT)), &quote!(#words));
        }
        if let Some(policy) = &call.policy {
            self.policy(place(call), &known, &name, policy);
        }
        let after = quote!(#before || #known::IS_PIVOT);
        self.steps.push(step);
        self.place(&after)
    }

    /// What `.with(..)` says must suit the step.
    fn policy(&mut self, place: Span, known: &TokenStream, name: &str, policy: &Policy) {
        let words = format!(
            "`{name}` is a saga, which has no attempts of its own: write `.with(..)` at the calls inside of it"
        );
        self.assert(place, &quote!(!#known::IS_SAGA), &quote!(#words));
        if policy.is_limited() {
            let words = format!(
                "`{name}` is `retriable`, so it is tried until it succeeds: leave out `max_attempts` and `deadline`"
            );
            self.assert(place, &quote!(!#known::IS_ENDLESS), &quote!(#words));
        }
        if policy.speaks_of_undo() {
            let words = format!(
                "`{name}` has no compensation, so `undo_retry` and `undo_timeout` say nothing: leave them out"
            );
            self.assert(place, &quote!(!#known::IS_FINAL), &quote!(#words));
        }
    }

    fn each(&mut self, each: &Each, before: &TokenStream) -> TokenStream {
        let (saga, step, name) = (&self.saga, self.names.step(&each.call), called(&each.call));
        let known = quote!(#saga::__private::Known::<#step>);
        let a_saga = format!(
            "`{name}` is a saga, and how many items there are is known only when the workflow runs: call a step \
             for each item, or start a workflow for each from a step"
        );
        let a_pivot = format!(
            "`{name}` is a pivot, and there is one point of no return, not one for each item: make it \
             `retriable`, or call it once for all of them"
        );
        let words = quote!("{}", if #known::IS_SAGA { #a_saga } else { #a_pivot });
        self.assert(place(&each.call), &quote!(!#known::IS_SAGA && !#known::IS_PIVOT), &words);
        self.call(&each.call, before)
    }

    fn wait(&mut self, wait: &Wait, before: &TokenStream) {
        if wait.timeout.is_none() || wait.if_failed != IfFailed::Fail {
            return;
        }
        let words = "this comes after a pivot, or beside it, and fails when the event does not come in time: \
                     leave `.timeout(..)` out, go on without it with `.await.ok()`, or move it before the pivot";
        self.assert(wait.keyword.span(), &quote!(!#before), &quote!(#words));
        self.required.push(quote!(false));
    }

    fn arms<'a>(&mut self, arms: impl IntoIterator<Item = &'a Block>, before: &TokenStream) -> TokenStream {
        let after: Vec<_> = arms.into_iter().map(|arm| self.block(arm, before.clone())).collect();
        self.place(&if after.is_empty() { before.clone() } else { quote!(#(#after)||*) })
    }

    fn join(&mut self, join: &Join, before: &TokenStream) -> TokenStream {
        let saga = self.saga.clone();
        let inside: Vec<_> = join
            .branches
            .iter()
            .map(|branch| {
                let mut steps = vec![];
                calls_of_block(branch, &mut |call| steps.push(self.names.step(call)));
                self.place(&quote!(false #(|| #saga::__private::Known::<#steps>::IS_PIVOT)*))
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

/// Where the step is named.
fn place(call: &Call) -> Span {
    call.step.path.segments.last().map_or_else(|| call.step.span(), |last| last.ident.span())
}

/// The last word of a call.
fn called(call: &Call) -> String {
    call.step.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default()
}

/// Each once, in the order in which they come first.
pub(super) fn distinct<T: ToTokens + Clone>(all: &[T]) -> Vec<T> {
    let mut seen = vec![];
    let is_new = |one: &&T| {
        let text = one.to_token_stream().to_string();
        let new = !seen.contains(&text);
        seen.push(text);
        new
    };
    all.iter().filter(is_new).cloned().collect()
}

fn calls_of_block(block: &Block, found: &mut dyn FnMut(&Call)) {
    for statement in &block.statements {
        match statement {
            Statement::Let { value, .. } | Statement::Keep { value, .. } | Statement::Do(value) => {
                calls_of(value, found);
            }
            Statement::Unpack { join, .. } => join.branches.iter().for_each(|b| calls_of_block(b, found)),
            Statement::LetElse(_) => {}
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
        Flow::Each(each) => found(&each.call),
        Flow::If(choice) => {
            calls_of_block(&choice.then, found);
            choice.otherwise.iter().for_each(|block| calls_of_block(block, found));
        }
        Flow::Match(choice) => choice.arms.iter().for_each(|arm| calls_of_block(&arm.body, found)),
        Flow::Join(join) => join.branches.iter().for_each(|branch| calls_of_block(branch, found)),
        Flow::Block(block) => calls_of_block(block, found),
        Flow::Sleep(_) | Flow::Wait(_) | Flow::Value(_) => {}
    }
}
