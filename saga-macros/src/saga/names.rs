//! Names that the body calls, imported under names of their own beside a stand-in for each.
//!
//! A step is a function and a type of one name. An import brings whichever of the two exist; where there is
//! no type, the stand-in's glob import provides one that is no step. So a plain function that is awaited,
//! and a step that is not, are told in words, and not as a type that cannot be found.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Arm, Block, Expr, ExprCall, ExprClosure, Ident, Macro, Path, PathSegment, parse_quote};

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
    /// How many arguments a step was called with; of a function it does not matter.
    arguments: Option<usize>,
}

impl Names {
    pub(super) fn new(saga: &Crate) -> Self {
        Self { saga: saga.clone(), called: vec![] }
    }

    /// The name under which a step is imported, at the place of the call.
    pub(super) fn step(&mut self, call: &Call) -> Ident {
        self.import(&call.step.path, Some(call.call.args.len()))
    }

    fn import(&mut self, path: &Path, arguments: Option<usize>) -> Ident {
        let text = path.to_token_stream().to_string();
        let n = match self.called.iter_mut().position(|called| called.text == text) {
            Some(n) => n,
            None => {
                self.called.push(Called { path: path.clone(), text, arguments: None });
                self.called.len() - 1
            }
        };
        if let Some(called) = self.called.get_mut(n) {
            called.arguments = called.arguments.or(arguments);
        }
        import(n, path.segments.last().map_or_else(|| path.span(), |last| last.ident.span()))
    }

    /// A stand-in for every name.
    pub(super) fn stand_ins(&self) -> TokenStream {
        if self.called.is_empty() {
            return TokenStream::new();
        }
        let stand_ins = self.called.iter().enumerate().map(|(n, called)| called.stand_in(n, &self.saga));
        quote! {
            #[allow(unused, non_camel_case_types, unreachable_pub, clippy::all, clippy::pedantic)]
            mod __saga_stand_ins { #(#stand_ins)* }
            #[allow(unused_imports)]
            use __saga_stand_ins::*;
        }
    }

    /// The imports.
    pub(super) fn imports(&self) -> TokenStream {
        let saga = &self.saga;
        if self.called.is_empty() {
            return TokenStream::new();
        }
        let imports = self.called.iter().enumerate().map(|(n, Called { path, .. })| {
            let name = import(n, path.span());
            quote_spanned!(path.span()=> #[allow(unused_imports)] use #path as #name;)
        });
        quote! {
            #[allow(unused_imports)]
            use #saga::__private::{OfFunction as _, OfStep as _, Unknown as _};
            #(#imports)*
        }
    }

    /// The same expression, where calls of functions are watched for steps that are not awaited.
    pub(super) fn watch(&mut self, expression: &Expr) -> Expr {
        let mut expression = expression.clone();
        Watch(self).visit_expr_mut(&mut expression);
        expression
    }
}

impl Called {
    /// A type of the same name that is no step, but can stand where one is called.
    fn stand_in(&self, n: usize, saga: &Crate) -> TokenStream {
        let (own, import) = (format_ident!("__saga_stand_in_{n}"), import(n, Span::call_site()));
        let last = self.path.segments.last().map(|last| last.ident.to_string());
        let name = last.map_or_else(|| import.clone(), |last| format_ident!("{last}"));
        let called = self.arguments.map(|arguments| {
            let types: Vec<_> = (0..arguments).map(|n| format_ident!("T{n}")).collect();
            quote! {
                impl #name {
                    pub fn args<#(#types),*>(#(_: #types),*) -> #saga::Result<#saga::Args<Self>> {
                        loop {}
                    }
                }
                #[diagnostic::do_not_recommend]
                impl<R> #saga::Callable<R> for #name {
                    fn erased() -> #saga::step::Callee<R> {
                        loop {}
                    }
                }
            }
        });
        quote! {
            mod #own { pub enum #name {} #called }
            pub use #own::#name as #import;
        }
    }
}

fn import(n: usize, place: Span) -> Ident {
    Ident::new(&format!("__SagaCalls{n}"), place)
}

/// Could it be the path of something in a module? Types, whose associated functions cannot be imported, are
/// spelt with a capital, except for the language's own.
pub(super) fn is_in_module(path: &Path) -> bool {
    const PRIMITIVES: [&str; 17] = [
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "str", "u8", "u16", "u32",
        "u64", "u128", "usize",
    ];
    let is_module = |segment: &PathSegment| {
        is_lower(segment) && !PRIMITIVES.iter().any(|primitive| segment.ident == primitive)
    };
    let modules = path.segments.len().saturating_sub(1);
    path.segments.iter().take(modules).all(is_module) && path.segments.iter().all(|s| s.arguments.is_none())
}

/// Is it spelt as functions and modules are?
pub(super) fn is_lower(segment: &PathSegment) -> bool {
    !segment.ident.to_string().starts_with(char::is_uppercase)
}

struct Watch<'n>(&'n mut Names);

impl VisitMut for Watch<'_> {
    fn visit_expr_call_mut(&mut self, call: &mut ExprCall) {
        visit_mut::visit_expr_call_mut(self, call);
        if let Expr::Path(function) = &*call.func
            && function.qself.is_none()
            && is_in_module(&function.path)
            && function.path.segments.last().is_some_and(is_lower)
        {
            let import = self.0.import(&function.path, None);
            let saga = &self.0.saga;
            let receiver = quote!((&#saga::__private::Named::<#import>::NEW));
            *call.func = parse_quote!(#receiver.callee(#import));
        }
    }
    // Inside of these a name may mean something else.
    fn visit_expr_closure_mut(&mut self, _: &mut ExprClosure) {}
    fn visit_arm_mut(&mut self, _: &mut Arm) {}
    fn visit_block_mut(&mut self, _: &mut Block) {}
    fn visit_macro_mut(&mut self, _: &mut Macro) {}
}
