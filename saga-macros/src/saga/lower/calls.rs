//! Calls of steps and sagas, and the words of the language.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprCall, Ident, ReturnType};

use super::{Lower, at, hashed, named, plain};
use crate::saga::expression::is_projection;
use crate::saga::model::{Call, Each, IfFailed, Sleep, Wait, When};
use crate::saga::names::Names;
use crate::step;

impl Lower<'_> {
    pub(super) fn call(&mut self, call: &Call, name: Option<&Ident>) -> TokenStream {
        let span = call.step.span();
        let builder = at(&self.builder, span);
        let evaluated = !call.call.args.iter().all(is_projection);
        let evaluated = evaluated.then(|| quote!(.evaluated()));
        let method = method("call", call.if_failed, span);
        let reading = self.reading(&call.call.args);
        let handles = &reading.handles;
        let step = self.names.step(call);
        let arguments = reading.closure(span, &arguments(&step, &call.call, Some(self.names)));
        let adjusted = self.adjusted(call);
        // All in one place, so that what is wrong with the call as a whole is told there.
        let there = Span::mixed_site().located_at(span);
        let (named, hashed, method) =
            (named(name, there), hashed(&call.call.args, there), at(&method, there));
        let (adjusted, evaluated) = (placed(adjusted, there), placed(evaluated, there));
        quote_spanned!(there=> #builder #hashed #named #adjusted #evaluated .#method(#handles, #arguments))
    }

    /// `.adjusted(|policy| ..)`
    fn adjusted(&self, call: &Call) -> Option<TokenStream> {
        let change = step::adjust(&self.saga, call.policy.as_ref()?);
        Some(quote!(.adjusted(#change)))
    }

    /// A conditional call that has a value.
    pub(super) fn when(&mut self, when: &When, name: Option<&Ident>) -> TokenStream {
        let (builder, named) = (self.builder.clone(), named(name, Span::call_site()));
        let arms = self.fresh();
        let (condition, hover) = (self.begin_if(&arms, &when.condition), self.hover(&when.keyword));
        let step = self.call(&when.call, name);
        let [then, otherwise] = ["then", "otherwise"].map(|word| Ident::new(word, Span::mixed_site()));
        if when.call.if_failed != IfFailed::Decide {
            return quote!({
                #hover
                #condition
                let #then = #step;
                #builder.begin_else(&mut #arms);
                #builder #named .end_when(#arms, #then)
            });
        }
        // A `Result` of an `Option`, as it is outside of a saga.
        let label = name.map_or_else(|| "when".to_owned(), plain);
        quote!({
            #hover
            #condition
            let #then = #step;
            let #then = #builder.value(#label, (#then,), move |(#then,)| {
                ::core::result::Result::Ok(#then.map(::core::option::Option::Some))
            });
            #builder.begin_else(&mut #arms);
            let #otherwise = #builder.value(#label, (), move |()| {
                ::core::result::Result::Ok(::core::result::Result::Ok(::core::option::Option::None))
            });
            #builder #named .end_if(#arms, #then, #otherwise)
        })
    }

    /// A conditional call for its effect.
    pub(super) fn when_effect(&mut self, when: &When) -> TokenStream {
        let (builder, arms) = (self.builder.clone(), self.fresh());
        let (condition, hover) = (self.begin_if(&arms, &when.condition), self.hover(&when.keyword));
        let step = self.call(&when.call, None);
        quote!({ #hover #condition #step; #builder.begin_else(&mut #arms); #builder.end_arms(#arms); })
    }

    /// One call for each item.
    pub(super) fn each(&mut self, each: &Each, name: Option<&Ident>) -> TokenStream {
        let span = each.call.step.span();
        let builder = at(&self.builder, span);
        let method = method("call_each", each.call.if_failed, span);
        let reading = self.reading([&each.items].into_iter().chain(&each.call.call.args));
        let handles = &reading.handles;
        let step = self.names.step(&each.call);
        let mut closure = each.closure.clone();
        closure.output = ReturnType::Default;
        *closure.body = Expr::Verbatim(arguments(&step, &each.call.call, None));
        let items = self.names.watch(&each.items);
        let there = Span::mixed_site().located_at(items.span());
        let saga = self.saga.at(there);
        let each_item = quote_spanned!(there=> #saga::__private::for_each(#items, #closure));
        let arguments = reading.closure(span, &each_item);
        let (named, adjusted) = (named(name, Span::call_site()), self.adjusted(&each.call));
        let max_parallel = each.max_parallel.as_ref().map(|n| quote!(.max_parallel(#n)));
        let hover = self.hover(&each.keyword);
        let hashed =
            hashed([each.items.to_token_stream(), each.closure.to_token_stream()], Span::call_site());
        quote!({ #hover #builder #hashed #named #max_parallel #adjusted .#method(#handles, #arguments) })
    }

    pub(super) fn sleep(&mut self, sleep: &Sleep, name: Option<&Ident>) -> TokenStream {
        let Sleep { keyword: method, time } = sleep;
        let (reading, span) = (self.reading([time]), time.span());
        let (builder, handles) = (at(&self.builder, span), &reading.handles);
        let (named, hover, hashed) =
            (named(name, Span::call_site()), self.hover(method), hashed([time], Span::call_site()));
        let time = self.names.watch(time);
        let saga = self.saga.at(span);
        let time = reading.closure(span, &quote_spanned!(span=> #saga::__private::#method(#time)));
        quote!({ #hover #builder #hashed #named .#method(#handles, #time) })
    }

    pub(super) fn wait(&mut self, wait: &Wait, name: Option<&Ident>) -> TokenStream {
        let Wait { keyword, ty, event, key, timeout, if_failed } = wait;
        let (reading, span) = (self.reading([key]), keyword.span());
        let (builder, handles) = (at(&self.builder, span), &reading.handles);
        let (named, hover, hashed) =
            (named(name, Span::call_site()), self.hover(keyword), hashed([key], Span::call_site()));
        let method = method("wait_for_event", *if_failed, span);
        let timeout = match timeout {
            Some(length) => quote!(::core::option::Option::Some(#length)),
            None => quote!(::core::option::Option::None),
        };
        let there = Span::mixed_site().located_at(key.span());
        let (saga, key) = (self.saga.at(there), self.names.watch(key));
        let key = quote_spanned!(there=> ::core::result::Result::Ok(#saga::__private::key(&#key)));
        let key = reading.closure(there, &key);
        quote!({ #hover #builder #hashed #named .#method::<#ty, _>(#event, #timeout, #handles, #key) })
    }

    /// Lets an editor find the documentation of a word of the language.
    pub(super) fn hover(&self, keyword: &Ident) -> TokenStream {
        let there = keyword.span();
        let saga = self.saga.at(there);
        quote_spanned!(there=> #[allow(unused_imports)] use #saga::flow::#keyword;)
    }
}

/// The same tokens, at one place.
fn placed(tokens: Option<TokenStream>, place: Span) -> Option<TokenStream> {
    let at = |mut token: TokenTree| {
        token.set_span(place);
        token
    };
    tokens.map(|tokens| tokens.into_iter().map(at).collect())
}

/// The method that goes on as the saga says when a call fails.
fn method(base: &str, if_failed: IfFailed, span: Span) -> Ident {
    let method = match if_failed {
        IfFailed::Fail => base.to_owned(),
        IfFailed::GoOn => format!("{base}_tolerated"),
        IfFailed::Decide => format!("{base}_decided"),
    };
    Ident::new(&method, span)
}

/// `<create_customer>::args(&request)`, in the user's own tokens, so that a wrong argument is reported there,
/// once, with the compiler's own advice. In a closure a name may mean something else, so there nothing is
/// watched.
fn arguments(step: &Ident, call: &ExprCall, watched: Option<&mut Names>) -> TokenStream {
    let mut arguments = call.args.clone();
    if let Some(names) = watched {
        for argument in &mut arguments {
            *argument = names.watch(argument);
        }
    }
    let mut tokens = quote_spanned!(call.func.span()=> <#step>::args);
    call.paren_token.surround(&mut tokens, |inside| arguments.to_tokens(inside));
    tokens
}
