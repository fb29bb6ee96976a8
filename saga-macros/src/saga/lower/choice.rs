//! `if` and `match`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprBlock, Ident};

use super::{Lower, at, hashed, named};
use crate::saga::model::{Arm, Binding, Block, Condition, Flow, If, LetElse, Match};
use crate::saga::spelling;

impl Lower<'_> {
    /// An `if` that has a value.
    pub(super) fn choice(&mut self, choice: &If, name: Option<&Ident>) -> TokenStream {
        let (builder, named) = (self.builder.clone(), named(name, Span::call_site()));
        let arms = self.fresh();
        let condition = self.begin_if(&arms, &choice.condition);
        // A mismatch of the arms' types is reported at their ends.
        let [then, otherwise] = [("then", Some(&choice.then)), ("otherwise", choice.otherwise.as_ref())]
            .map(|(word, block)| Ident::new(word, Span::mixed_site().located_at(end(block))));
        let then_value = self.scoped(|lower| {
            let bound = lower.bindings(&choice.bindings);
            let block = lower.block(&choice.then, name);
            if bound.is_empty() { block } else { quote!({ #bound #block }) }
        });
        let otherwise_value =
            choice.otherwise.as_ref().map(|block| self.scoped(|lower| lower.block(block, name)));
        quote!({
            #condition
            let #then = #then_value;
            #builder.begin_else(&mut #arms);
            let #otherwise = #otherwise_value;
            let [#then, #otherwise] = [#then, #otherwise];
            #builder #named .end_if(#arms, #then, #otherwise)
        })
    }

    /// An `if` for its effect.
    pub(super) fn choice_effect(&mut self, choice: &If) -> TokenStream {
        let (builder, arms) = (self.builder.clone(), self.fresh());
        let condition = self.begin_if(&arms, &choice.condition);
        let then = self.scoped(|lower| {
            let bound = lower.bindings(&choice.bindings);
            let statements = lower.statements(&choice.then.statements);
            quote!(#bound #statements)
        });
        let otherwise =
            choice.otherwise.as_ref().map(|block| self.scoped(|lower| lower.statements(&block.statements)));
        quote! {
            #condition
            { #then }
            #builder.begin_else(&mut #arms);
            { #otherwise }
            #builder.end_arms(#arms);
        }
    }

    fn bindings(&mut self, bindings: &[Binding]) -> TokenStream {
        bindings.iter().map(|binding| self.bind(binding)).collect()
    }

    /// `let pattern = value else { .. };`: fails where it does not match, and what it binds is in scope from here on.
    pub(super) fn let_else(&mut self, found: &LetElse) -> TokenStream {
        let LetElse { binding, otherwise } = found;
        let Binding { pattern, value, names } = binding;
        let (builder, label, span) = (self.builder.clone(), spelling::pattern(pattern, None), pattern.span());
        let fails = Expr::Block(ExprBlock { attrs: vec![], label: None, block: otherwise.clone() });
        let reading = self.reading([value, &fails]);
        let handles = &reading.handles;
        let hashed = hashed([&pattern.to_token_stream(), &quote!(#value #fails)], Span::call_site());
        let value = self.names.watch(value);
        // Whoever reads the names matches again.
        let used = quote!(#(let _ = &#names;)*);
        let check = quote!({ let #pattern = #value else #fails; #used ::core::result::Result::Ok(()) });
        let check = reading.closure(span, &check);
        let check = quote_spanned!(span=> #builder #hashed .value(#label, #handles, #check););
        let bound = self.bind(binding);
        quote!(#check #bound)
    }

    /// `let mut arms = builder.begin_if(..);`
    pub(super) fn begin_if(&mut self, arms: &Ident, condition: &Condition) -> TokenStream {
        let (builder, label, condition) = (self.builder.clone(), &condition.text, &condition.expression);
        let (reading, span) = (self.reading([condition]), condition.span());
        let (handles, hashed) = (&reading.handles, hashed([condition], Span::call_site()));
        let condition = self.names.watch(condition);
        let holds = reading.closure(span, &quote_spanned!(span=> { ::core::result::Result::Ok(#condition) }));
        quote_spanned!(span=> let mut #arms = #builder #hashed .begin_if(#label, #handles, #holds);)
    }

    /// A `match` that has a value.
    pub(super) fn matched(&mut self, found: &Match, name: Option<&Ident>) -> TokenStream {
        let (builder, named, arms) = (self.builder.clone(), named(name, Span::call_site()), self.fresh());
        let begin = self.begin_match(&arms, found);
        let (kept, keep) = self.keep(found);
        let mut statements = quote!(#begin #keep);
        let mut values = vec![];
        for arm in &found.arms {
            let label = &arm.name;
            let block = self.scoped(|lower| {
                lower.scope.extend(kept.arm(found, arm));
                lower.block(&arm.body, name)
            });
            // A mismatch of the arms' types is reported at their ends.
            let value = at(&self.fresh(), end(Some(&arm.body)));
            statements.extend(quote!(#builder.begin_arm(&mut #arms, #label); let #value = #block;));
            values.push(value);
        }
        let (first, others) = values.split_first().unzip();
        let others = others.unwrap_or_default();
        quote!({ #statements #builder #named .end_match(#arms, #first, &[#(#others),*]) })
    }

    /// A `match` for its effect.
    pub(super) fn matched_effect(&mut self, found: &Match) -> TokenStream {
        let (builder, arms) = (self.builder.clone(), self.fresh());
        let begin = self.begin_match(&arms, found);
        let (kept, keep) = self.keep(found);
        let mut statements = quote!(#begin #keep);
        for arm in &found.arms {
            let label = &arm.name;
            let block = self.scoped(|lower| {
                lower.scope.extend(kept.arm(found, arm));
                lower.statements(&arm.body.statements)
            });
            statements.extend(quote!(#builder.begin_arm(&mut #arms, #label); { #block }));
        }
        quote!({ #statements #builder.end_arms(#arms); })
    }

    /// `let mut arms = builder.begin_match(..);`: the arm that matches says its name.
    fn begin_match(&mut self, arms: &Ident, found: &Match) -> TokenStream {
        let (builder, label) = (self.builder.clone(), &found.text);
        let guards = found.arms.iter().filter_map(|arm| arm.guard.as_ref());
        let reading = self.reading([&found.scrutinee].into_iter().chain(guards));
        let (handles, span) = (&reading.handles, found.scrutinee.span());
        let all = found.arms.iter().map(|Arm { pattern, guard, .. }| quote!(#pattern if #guard));
        let hashed = hashed([found.scrutinee.to_token_stream()].into_iter().chain(all), Span::call_site());
        let scrutinee = self.names.watch(&found.scrutinee);
        let names = found.arms.iter().map(|Arm { name, pattern, guard, bound, place, .. }| {
            let guard = guard.as_ref().map(|guard| quote!(if #guard));
            // What the arm uses is not used here, and what it does not use is told by the compiler.
            let used = quote!(#(let _ = &#bound;)*);
            // An arm that is missing is put behind the last one by the compiler's advice.
            quote_spanned!(*place=> #pattern #guard => { #used #name })
        });
        let arm = quote!(::core::result::Result::Ok(match #scrutinee { #(#names)* }));
        let arm = reading.closure(span, &arm);
        quote_spanned!(span=> let mut #arms = #builder #hashed .begin_match(#label, #handles, #arm);)
    }
}

/// Where a block ends.
fn end(block: Option<&Block>) -> Span {
    match block.and_then(|block| block.value.as_ref()) {
        Some(Flow::Call(call)) => call.step.span(),
        Some(Flow::When(when)) => when.keyword.span(),
        Some(Flow::Each(each)) => each.keyword.span(),
        Some(Flow::Sleep(sleep)) => sleep.keyword.span(),
        Some(Flow::Wait(wait)) => wait.keyword.span(),
        Some(Flow::Join(join)) => join.keyword.span(),
        Some(Flow::If(choice)) => end(Some(&choice.then)),
        Some(Flow::Match(found)) => end(found.arms.first().map(|arm| &arm.body)),
        Some(Flow::Block(block)) => end(Some(block)),
        Some(Flow::Value(expression)) => expression.span(),
        None => Span::call_site(),
    }
}
