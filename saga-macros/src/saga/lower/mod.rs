//! From the model to calls of the builder. Every value of the saga becomes a handle of the same name; every
//! expression becomes a closure over the values that it mentions.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprCall, Ident};

use super::expression::is_projection;
use super::model::{Block, Call, Condition, Flow, If, Join, Saga, Statement};
use super::names::Names;
use crate::krate::Crate;
use crate::mentions;

/// The longest tuple of handles; longer ones are nested.
const TUPLE: usize = 12;

/// The builder's statements, and the call that closes it.
pub(super) fn body(saga: &Saga, builder: &Ident, names: &mut Names) -> TokenStream {
    let mut lower = Lower {
        saga: saga.krate.clone(),
        builder: builder.clone(),
        names,
        scope: vec![saga.input.clone()],
        arms: 0,
    };
    let statements = lower.statements(&saga.body.statements);
    let returns = &saga.returns;
    let (handles, pattern) = lower.dependencies([&saga.body.result]);
    let result = lower.names.watch(&saga.body.result);
    let name = Ident::new("result", Span::mixed_site());
    quote! {
        #statements
        #builder.finish_checked(#handles, move |#pattern| {
            let #name: #returns = #result;
            #name
        })
    }
}

struct Lower<'n> {
    saga: Crate,
    builder: Ident,
    names: &'n mut Names,
    /// The values that exist, in the order of their declaration.
    scope: Vec<Ident>,
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
                self.scope.push(name.clone());
                quote!(let #name #ty = #handle;)
            }
            Statement::Unpack { names, join } => {
                let branches: Vec<_> = names.iter().map(Option::as_ref).collect();
                let (open, handles) = self.join(join, &branches);
                self.scope.extend(names.iter().flatten().cloned());
                let names =
                    names.iter().map(|n| n.as_ref().map_or_else(|| quote!(_), ToTokens::to_token_stream));
                quote!(let (#(#names,)*) = { #open (#(#handles,)*) };)
            }
            Statement::Keep { name: Some(name), value } => {
                let handle = self.value(value, None);
                self.scope.push(name.clone());
                quote!(let #name = #handle;)
            }
            Statement::Keep { name: None, value } => {
                let handle = self.value(value, None);
                quote!(let _ = #handle;)
            }
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
        let named = named(name);
        match flow {
            Flow::Call(call) => self.call(call, name),
            Flow::When(when) => {
                let arms = self.fresh();
                let (condition, hover) = (self.begin_if(&arms, &when.condition), self.hover(&when.keyword));
                let step = self.call(&when.call, name);
                let then = Ident::new("then", Span::mixed_site());
                quote!({
                    #hover
                    #condition
                    let #then = #step;
                    #builder.begin_else(&mut #arms);
                    #builder #named .end_when(#arms, #then)
                })
            }
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
            Flow::Value(Expr::Path(path)) if self.is_value(path.path.get_ident()) => path.to_token_stream(),
            Flow::Value(expression) => {
                let label = name.map_or_else(|| "value".to_owned(), plain);
                let (handles, pattern) = self.dependencies([expression]);
                let builder = at(&builder, expression.span());
                let expression = self.names.watch(expression);
                quote_spanned! {expression.span()=>
                    #builder.value(#label, #handles, move |#pattern| ::core::result::Result::Ok(#expression))
                }
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
            Flow::When(when) => {
                let arms = self.fresh();
                let (condition, hover) = (self.begin_if(&arms, &when.condition), self.hover(&when.keyword));
                let step = self.call(&when.call, None);
                quote!({ #hover #condition #step; #builder.begin_else(&mut #arms); #builder.end_arms(#arms); })
            }
            Flow::If(choice) => {
                let arms = self.fresh();
                let condition = self.begin_if(&arms, &choice.condition);
                let then = self.scoped(|lower| lower.statements(&choice.then.statements));
                let otherwise = choice
                    .otherwise
                    .as_ref()
                    .map(|block| self.scoped(|lower| lower.statements(&block.statements)));
                quote! {
                    #condition
                    { #then }
                    #builder.begin_else(&mut #arms);
                    { #otherwise }
                    #builder.end_arms(#arms);
                }
            }
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
                let (handles, pattern) = self.dependencies([expression]);
                let semicolon = (!ends_itself(expression)).then(|| quote!(;));
                let expression = self.names.watch(expression);
                quote_spanned! {expression.span()=>
                    #builder.value(#label, #handles, move |#pattern| {
                        #expression #semicolon
                        ::core::result::Result::Ok(())
                    });
                }
            }
        }
    }

    fn block(&mut self, block: &Block, name: Option<&Ident>) -> TokenStream {
        let statements = self.statements(&block.statements);
        let value = block.value.as_ref().map(|value| self.value(value, name));
        if statements.is_empty() { quote!(#value) } else { quote!({ #statements #value }) }
    }

    fn choice(&mut self, choice: &If, name: Option<&Ident>) -> TokenStream {
        let (builder, named) = (self.builder.clone(), named(name));
        let arms = self.fresh();
        let condition = self.begin_if(&arms, &choice.condition);
        // A mismatch of the arms' types is reported at their ends.
        let [then, otherwise] = [("then", Some(&choice.then)), ("otherwise", choice.otherwise.as_ref())]
            .map(|(word, block)| Ident::new(word, Span::mixed_site().located_at(end(block))));
        let then_value = self.scoped(|lower| lower.block(&choice.then, name));
        let otherwise_value =
            choice.otherwise.as_ref().map(|block| self.scoped(|lower| lower.block(block, name)));
        let builder_there = at(&builder, then.span());
        let end = quote_spanned!(then.span()=> #builder_there #named .end_if(#arms, #then, #otherwise));
        quote!({
            #condition
            let #then = #then_value;
            #builder.begin_else(&mut #arms);
            let #otherwise = #otherwise_value;
            #end
        })
    }

    /// `let mut arms = builder.begin_if(..);`
    fn begin_if(&mut self, arms: &Ident, condition: &Condition) -> TokenStream {
        let (builder, label, condition) = (self.builder.clone(), &condition.text, &condition.expression);
        let (handles, pattern) = self.dependencies([condition]);
        let condition = self.names.watch(condition);
        quote_spanned! {condition.span()=>
            let mut #arms = #builder.begin_if(#label, #handles, move |#pattern| {
                ::core::result::Result::Ok(#condition)
            });
        }
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

    fn call(&mut self, call: &Call, name: Option<&Ident>) -> TokenStream {
        let builder = at(&self.builder, call.step.span());
        let evaluated = !call.call.args.iter().all(is_projection);
        let method = if call.tolerated { "call_tolerated" } else { "call" };
        let method = Ident::new(method, call.step.span());
        let evaluated = evaluated.then(|| quote!(.evaluated()));
        let (handles, pattern) = self.dependencies(&call.call.args);
        let step = self.names.step(call);
        let arguments = arguments(&step, &call.call, self.names);
        let named = named(name);
        quote_spanned!(call.step.span()=> #builder #named #evaluated .#method(#handles, move |#pattern| #arguments))
    }

    /// The handles that expressions read, as a tuple, and the pattern that receives their values.
    fn dependencies<'a>(&self, read: impl IntoIterator<Item = &'a Expr>) -> (TokenStream, TokenStream) {
        let mentioned: Vec<_> = read.into_iter().flat_map(mentions::of).collect();
        let mut values: Vec<Ident> = vec![];
        for value in &self.scope {
            if mentioned.contains(value) && !values.contains(value) {
                values.push(value.clone());
            }
        }
        let all = nest(&values);
        // A name that the expression binds anew counts as a mention, and its value is not used then.
        (all.clone(), quote!(#[allow(unused_variables)] #all))
    }

    fn is_value(&self, name: Option<&Ident>) -> bool {
        name.is_some_and(|name| self.scope.contains(name))
    }

    fn fresh(&mut self) -> Ident {
        self.arms += 1;
        Ident::new(&format!("part_{}", self.arms), Span::mixed_site())
    }

    /// Lets an editor find the documentation of a word of the language.
    fn hover(&self, keyword: &Ident) -> TokenStream {
        let saga = &self.saga;
        quote!(#[allow(unused_imports)] use #saga::flow::#keyword;)
    }
}

/// `<create_customer>::args(&request)`, in the user's own tokens, so that a wrong argument is reported there,
/// once, with the compiler's own advice.
fn arguments(step: &Ident, call: &ExprCall, names: &mut Names) -> TokenStream {
    let mut arguments = call.args.clone();
    for argument in &mut arguments {
        *argument = names.watch(argument);
    }
    let mut tokens = quote_spanned!(call.func.span()=> <#step>::args);
    call.paren_token.surround(&mut tokens, |inside| arguments.to_tokens(inside));
    tokens
}

/// The same name, such that a mistake in what follows it is reported at `span`.
fn at(name: &Ident, span: Span) -> Ident {
    Ident::new(&name.to_string(), name.span().located_at(span))
}

/// `.named("customer")`, so that a place in the plan keeps its name when calls are put in before it.
fn named(name: Option<&Ident>) -> Option<TokenStream> {
    let name = name.map(plain).filter(|name| !name.starts_with('_'))?;
    Some(quote!(.named(#name)))
}

/// A name as text.
pub(super) fn plain(name: &Ident) -> String {
    name.to_string().trim_start_matches("r#").to_owned()
}

/// `(a, b)`; more than a tuple may hold are nested.
fn nest(values: &[Ident]) -> TokenStream {
    let mut parts: Vec<TokenStream> = values.iter().map(ToTokens::to_token_stream).collect();
    while parts.len() > TUPLE {
        parts = parts.chunks(TUPLE).map(|chunk| quote!((#(#chunk,)*))).collect();
    }
    quote!((#(#parts,)*))
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

/// Where a block ends.
fn end(block: Option<&Block>) -> Span {
    match block.and_then(|block| block.value.as_ref()) {
        Some(Flow::Call(call)) => call.step.span(),
        Some(Flow::When(when)) => when.keyword.span(),
        Some(Flow::Join(join)) => join.keyword.span(),
        Some(Flow::If(choice)) => end(Some(&choice.then)),
        Some(Flow::Block(block)) => end(Some(block)),
        Some(Flow::Value(expression)) => expression.span(),
        None => Span::call_site(),
    }
}
