//! Names that the body calls, imported under names of their own beside a stand-in for each.
//!
//! A step is a function and a type of one name. An import brings whichever of the two exist; where there is
//! no type, the stand-in's glob import provides one that is no step. So a plain function that is awaited,
//! and a step that is not, are told in words, and not as a type that cannot be found.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Block, Expr, ExprCall, ExprClosure, Ident, Macro, Path, PathSegment, parse_quote};

use super::model::Call;
use crate::krate::Crate;

/// What is called in one saga.
pub(super) struct Names {
    saga: Crate,
    called: Vec<Called>,
}

struct Called {
    path: Path,
    text: String,
    arguments: usize,
}

impl Names {
    pub(super) fn new(saga: &Crate) -> Self {
        Self { saga: saga.clone(), called: vec![] }
    }

    /// The name under which a call's path is imported, at the place of the call.
    pub(super) fn import(&mut self, path: &Path, arguments: usize) -> Ident {
        let text = path.to_token_stream().to_string();
        let known = self.called.iter().position(|called| called.text == text);
        let n = known.unwrap_or_else(|| {
            self.called.push(Called { path: path.clone(), text, arguments });
            self.called.len() - 1
        });
        let place = path.segments.last().map_or_else(|| path.span(), |last| last.ident.span());
        import(n, place)
    }

    /// The name under which a step is imported.
    pub(super) fn step(&mut self, call: &Call) -> Ident {
        self.import(&call.step.path, call.call.args.len())
    }

    /// The imports, with a stand-in for every name.
    pub(super) fn declare(&self) -> TokenStream {
        let saga = &self.saga;
        if self.called.is_empty() {
            return TokenStream::new();
        }
        let (mut stand_ins, mut imports) = (TokenStream::new(), TokenStream::new());
        for (n, Called { path, arguments, .. }) in self.called.iter().enumerate() {
            let (import, own) = (import(n, Span::call_site()), format_ident!("__saga_stand_in_{n}"));
            let name = path.segments.last().map(|last| last.ident.clone()).unwrap_or(import.clone());
            let name = Ident::new(&name.to_string(), Span::call_site());
            let types: Vec<_> = (0..*arguments).map(|n| format_ident!("T{n}")).collect();
            stand_ins.extend(quote! {
                mod #own {
                    pub enum #name {}
                    impl #name {
                        pub fn args<#(#types),*>(#(_: #types),*) -> #saga::Result<#saga::Args<Self>> {
                            loop {}
                        }
                    }
                    impl<R> #saga::Callable<R> for #name {
                        fn erased() -> #saga::step::Callee<R> {
                            loop {}
                        }
                    }
                }
                pub use #own::#name as #import;
            });
            imports.extend(quote!(#[allow(unused_imports)] use #path as #import;));
        }
        quote! {
            #[allow(unused, non_camel_case_types, unreachable_pub, clippy::all, clippy::pedantic)]
            mod __saga_stand_ins { #stand_ins }
            #[allow(unused_imports)]
            use __saga_stand_ins::*;
            #[allow(unused_imports)]
            use #saga::__private::{OfFunction as _, OfStep as _, Unknown as _};
            #imports
        }
    }

    /// The same expression, where calls of functions are watched for steps that are not awaited.
    pub(super) fn watch(&mut self, expression: &Expr) -> Expr {
        let mut expression = expression.clone();
        Watch(self).visit_expr_mut(&mut expression);
        expression
    }
}

fn import(n: usize, place: Span) -> Ident {
    Ident::new(&format!("__SagaCalls{n}"), Span::mixed_site().located_at(place))
}

/// Could it be the path of a function in a module? Steps and modules are spelt in lower case; types, whose
/// associated functions cannot be imported, are not, except for the language's own.
pub(super) fn is_importable(path: &Path) -> bool {
    const PRIMITIVES: [&str; 17] = [
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "str", "u8", "u16", "u32",
        "u64", "u128", "usize",
    ];
    let is_lower = |segment: &PathSegment| {
        let name = segment.ident.to_string();
        segment.arguments.is_none()
            && !name.starts_with(char::is_uppercase)
            && !PRIMITIVES.contains(&name.as_str())
    };
    path.segments.iter().all(is_lower)
}

struct Watch<'n>(&'n mut Names);

impl VisitMut for Watch<'_> {
    fn visit_expr_call_mut(&mut self, call: &mut ExprCall) {
        visit_mut::visit_expr_call_mut(self, call);
        if let Expr::Path(function) = &*call.func
            && function.qself.is_none()
            && is_importable(&function.path)
        {
            let import = self.0.import(&function.path, 0);
            let saga = &self.0.saga;
            let receiver = quote!((&#saga::__private::Named::<#import>::NEW));
            call.func = Box::new(parse_quote!(#receiver.callee(#import)));
        }
    }
    // Inside of these a name may mean something else.
    fn visit_expr_closure_mut(&mut self, _: &mut ExprClosure) {}
    fn visit_block_mut(&mut self, _: &mut Block) {}
    fn visit_macro_mut(&mut self, _: &mut Macro) {}
}
