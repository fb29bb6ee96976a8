//! From the model to calls of the builder. Every value of the saga becomes a handle of the same name; every
//! expression becomes a closure over the values that it mentions.

mod calls;
mod choice;
mod scope;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Ident};

use self::scope::{Source, nest};
use super::hash;
use super::model::{Block, Flow, Join, Saga, Statement};
use super::names::Names;
use crate::krate::Crate;
use crate::signature;

/// The builder's statements, and the call that closes it.
pub(super) fn body(saga: &Saga, builder: &Ident, names: &mut Names) -> TokenStream {
    let mut lower = Lower {
        saga: saga.krate.clone(),
        builder: builder.clone(),
        names,
        scope: vec![Source::Handle(saga.input.clone())],
        arms: 0,
    };
    let statements = lower.statements(&saga.body.statements);
    let returns = &saga.returns;
    let reading = lower.reading([&saga.body.result]);
    let result = lower.names.watch(&saga.body.result);
    let name = Ident::new("result", Span::mixed_site());
    let handles = &reading.handles;
    let krate = &saga.krate;
    let asked = match signature::failure(returns) {
        Some(failure) => {
            let at = krate.at(failure.span());
            quote_spanned!(failure.span()=> const _: () = #at::__private::fails::<#failure>();)
        }
        None if signature::is_alias(returns) => {
            quote_spanned!(returns.span()=> const _: () = #krate::__private::fails_as::<#returns>();)
        }
        None => quote!(),
    };
    let ended = quote!(#krate::__private::Ended(#name).result());
    let output = reading.closure(Span::call_site(), &quote!({ let #name: #returns = #result; #ended }));
    let hashed = hashed([&saga.body.result], Span::call_site());
    quote! {
        #statements
        #asked
        #[allow(unused_imports)]
        use #krate::__private::NoEnd as _;
        #builder #hashed;
        #builder.finish_checked(#handles, #output)
    }
}

struct Lower<'n> {
    saga: Crate,
    builder: Ident,
    names: &'n mut Names,
    /// The values that exist, in the order of their declaration.
    scope: Vec<Source>,
    arms: usize,
}

impl Lower<'_> {
    fn statements(&mut self, statements: &[Statement]) -> TokenStream {
        statements.iter().map(|statement| self.statement(statement)).collect()
    }

    fn statement(&mut self, statement: &Statement) -> TokenStream {
        let saga = &self.saga;
        match statement {
            Statement::Let { name, ty, value } => {
                let ty = ty.as_ref().map(|ty| quote_spanned!(ty.span()=> : #saga::Handle<#ty>));
                let handle = self.value(value, Some(name));
                self.scope.push(Source::Handle(name.clone()));
                quote!(let #name #ty = #handle;)
            }
            Statement::Unpack { names, join } => {
                let branches: Vec<_> = names.iter().map(Option::as_ref).collect();
                let (open, handles) = self.join(join, &branches);
                self.scope.extend(names.iter().flatten().cloned().map(Source::Handle));
                let names =
                    names.iter().map(|n| n.as_ref().map_or_else(|| quote!(_), ToTokens::to_token_stream));
                quote!(let (#(#names,)*) = { #open (#(#handles,)*) };)
            }
            Statement::Keep { name: Some(name), value } => {
                let handle = self.value(value, None);
                self.scope.push(Source::Handle(name.clone()));
                quote!(let #name = #handle;)
            }
            Statement::Keep { name: None, value } => {
                let handle = self.value(value, None);
                quote!(let _ = #handle;)
            }
            Statement::LetElse(found) => self.let_else(found),
            Statement::Do(flow) => self.effect(flow),
        }
    }

    /// A scope of its own.
    fn scoped<T>(&mut self, inside: impl FnOnce(&mut Self) -> T) -> T {
        let outside = self.scope.len();
        let result = inside(self);
        self.scope.truncate(outside);
        result
    }

    /// A handle: an expression of the expansion. `name` is the variable that will hold it.
    fn value(&mut self, flow: &Flow, name: Option<&Ident>) -> TokenStream {
        let builder = self.builder.clone();
        match flow {
            Flow::Call(call) => self.call(call, name),
            Flow::When(when) => self.when(when, name),
            Flow::Each(each) => self.each(each, name),
            Flow::Sleep(sleep) => self.sleep(sleep, name),
            Flow::Wait(wait) => self.wait(wait, name),
            Flow::Match(found) => self.matched(found, name),
            Flow::If(choice) => self.choice(choice, name),
            Flow::Join(join) => {
                let nobody = vec![None; join.branches.len()];
                let (open, handles) = self.join(join, &nobody);
                let label = name.map_or_else(|| "join".to_owned(), plain);
                let all = nest(&handles);
                let value = Ident::new("value", Span::mixed_site());
                quote!({ #open #builder.value(#label, #all, move |#value| ::core::result::Result::Ok(#value)) })
            }
            Flow::Block(block) => self.scoped(|lower| lower.block(block, name)),
            // A name for a value that exists.
            Flow::Value(Expr::Path(path)) if self.is_handle(path.path.get_ident()) => path.to_token_stream(),
            Flow::Value(expression) => {
                let label = name.map_or_else(|| "value".to_owned(), plain);
                let (reading, span) = (self.reading([expression]), expression.span());
                let (builder, handles) = (at(&builder, span), &reading.handles);
                let hashed = hashed([expression], Span::call_site());
                let expression = self.names.watch(expression);
                let value =
                    reading.closure(span, &quote_spanned!(span=> ::core::result::Result::Ok(#expression)));
                quote_spanned!(span=> #builder #hashed .value(#label, #handles, #value))
            }
        }
    }

    /// Done for its effect.
    fn effect(&mut self, flow: &Flow) -> TokenStream {
        let builder = self.builder.clone();
        match flow {
            Flow::Call(call) => {
                let call = self.call(call, None);
                quote!(#call;)
            }
            Flow::When(when) => self.when_effect(when),
            Flow::Each(each) => {
                let call = self.each(each, None);
                quote!(#call;)
            }
            Flow::Sleep(sleep) => {
                let sleep = self.sleep(sleep, None);
                quote!(#sleep;)
            }
            Flow::Wait(wait) => {
                let wait = self.wait(wait, None);
                quote!(#wait;)
            }
            Flow::If(choice) => self.choice_effect(choice),
            Flow::Match(found) => self.matched_effect(found),
            Flow::Join(join) => {
                let nobody = vec![None; join.branches.len()];
                let (open, _) = self.join(join, &nobody);
                quote!({ #open })
            }
            Flow::Block(block) => {
                let statements = self.scoped(|lower| lower.statements(&block.statements));
                quote!({ #statements })
            }
            Flow::Value(expression) => {
                let label = called(expression).map_or_else(|| "check".to_owned(), plain);
                let (reading, span) = (self.reading([expression]), expression.span());
                let (handles, hashed) = (&reading.handles, hashed([expression], Span::call_site()));
                let semicolon = (!ends_itself(expression)).then(|| quote!(;));
                let expression = self.names.watch(expression);
                let done = quote_spanned!(span=> { #expression #semicolon ::core::result::Result::Ok(()) });
                let value = reading.closure(span, &done);
                quote_spanned!(span=> #builder #hashed .value(#label, #handles, #value);)
            }
        }
    }

    fn block(&mut self, block: &Block, name: Option<&Ident>) -> TokenStream {
        let statements = self.statements(&block.statements);
        let value = block.value.as_ref().map(|value| self.value(value, name));
        if statements.is_empty() { quote!(#value) } else { quote!({ #statements #value }) }
    }

    /// The statements of a join, and a handle for each branch that is named, or wanted.
    fn join(&mut self, join: &Join, names: &[Option<&Ident>]) -> (TokenStream, Vec<Ident>) {
        let builder = self.builder.clone();
        let open = self.fresh();
        let hover = self.hover(&join.keyword);
        let mut statements = quote!(#hover let mut #open = #builder.begin_branches(););
        let mut handles = vec![];
        for (branch, name) in join.branches.iter().zip(names) {
            let handle = self.fresh();
            let value = self.scoped(|lower| lower.block(branch, *name));
            statements.extend(quote!(#builder.begin_branch(&mut #open); let #handle = #value;));
            handles.push(handle);
        }
        statements.extend(quote!(#builder.end_branches(#open);));
        (statements, handles)
    }

    fn fresh(&mut self) -> Ident {
        self.arms += 1;
        Ident::new(&format!("part_{}", self.arms), Span::mixed_site())
    }
}

/// The same name, such that a mistake in what follows it is reported at `span`.
pub(super) fn at(name: &Ident, span: Span) -> Ident {
    Ident::new(&name.to_string(), name.span().located_at(span))
}

/// `.named("customer")`, so that a place in the plan keeps its name when calls are put in before it.
fn named(name: Option<&Ident>, span: Span) -> Option<TokenStream> {
    let name = name.map(plain).filter(|name| !name.starts_with('_'))?;
    Some(quote_spanned!(span=> .named(#name)))
}

/// `.expression(..)`, so that an engine can warn when what a closure computes has changed under one version.
fn hashed<T: ToTokens>(parts: impl IntoIterator<Item = T>, span: Span) -> TokenStream {
    let hash = hash::of(parts);
    quote_spanned!(span=> .expression(#hash))
}

/// A name as text.
pub(super) fn plain(name: &Ident) -> String {
    name.to_string().trim_start_matches("r#").to_owned()
}

/// `check_request(&request)?` -> `check_request`
fn called(expression: &Expr) -> Option<&Ident> {
    match expression {
        Expr::Try(tried) => called(&tried.expr),
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => path.path.segments.last().map(|s| &s.ident).filter(|name| *name != "Err"),
            _ => None,
        },
        _ => None,
    }
}

/// Is it a statement without a semicolon?
fn ends_itself(expression: &Expr) -> bool {
    matches!(
        expression,
        Expr::Block(_)
            | Expr::ForLoop(_)
            | Expr::If(_)
            | Expr::Loop(_)
            | Expr::Match(_)
            | Expr::Unsafe(_)
            | Expr::While(_)
    )
}
