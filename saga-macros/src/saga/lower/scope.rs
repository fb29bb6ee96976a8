//! Which values an expression reads, and how the closure around it receives them.
//!
//! Most names are handles. A name that the pattern of an arm binds has none: the closure receives what the
//! `match` read, and matches again. So it has the type that it has in Rust, a reference where that is one, and
//! needs no place in the journal.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::visit::{self, Visit};
use syn::{Expr, Ident, Pat, PatOr};

use super::Lower;
use crate::krate::Crate;
use crate::mentions;
use crate::saga::model::{Arm, Binding, Match};

/// The longest tuple of handles; longer ones are nested.
const TUPLE: usize = 12;

/// Where a name comes from.
pub(super) enum Source {
    /// A handle of that name.
    Handle(Ident),
    /// The pattern of an arm.
    Bound(Box<Bound>),
}

/// What the pattern of an arm binds.
pub(super) struct Bound {
    names: Vec<Ident>,
    /// The variable that holds the handles of what the `match` read.
    read: Ident,
    /// The pattern that receives their values.
    values: TokenStream,
    scrutinee: Expr,
    pattern: Pat,
    guard: Option<Expr>,
    /// The arms around this one whose names the `match` read, by their place in the scope.
    inside: Vec<usize>,
}

/// What an expression reads.
pub(super) struct Reading {
    /// A tuple of handles.
    pub(super) handles: TokenStream,
    /// The pattern that receives their values.
    pattern: TokenStream,
    /// Where an expression stands that needs names bound by patterns.
    place: Option<Place>,
}

/// Inside of arms.
struct Place {
    saga: Crate,
    /// Each with what stands before its `match`, what is matched, and its pattern.
    arms: Vec<[TokenStream; 3]>,
    /// What stands before the expression.
    rest: TokenStream,
}

impl Reading {
    /// `move |..| expression`
    pub(super) fn closure(&self, span: Span, expression: &TokenStream) -> TokenStream {
        let pattern = &self.pattern;
        let Some(Place { saga, arms, rest }) = &self.place else {
            return quote_spanned!(span=> move |#[allow(unused_variables)] #pattern| #expression);
        };
        let body =
            arms.iter().rev().fold(quote!({ #rest #expression }), |body, [before, scrutinee, pattern]| {
                quote!({
                    #before
                    match #scrutinee {
                        #[allow(unused_variables)]
                        #pattern => #body
                        #[allow(unreachable_patterns)]
                        _ => #saga::__private::matches_no_more(),
                    }
                })
            });
        quote_spanned!(span=> move |#pattern| #body)
    }
}

impl Lower<'_> {
    /// What expressions read.
    pub(super) fn reading<'a>(&self, expressions: impl IntoIterator<Item = &'a Expr>) -> Reading {
        let (values, places) = self.sources(expressions);
        let own = nest(&values);
        if places.is_empty() {
            // A name that the expression binds anew counts as a mention, and its value is not used then.
            return Reading { handles: own.clone(), pattern: own, place: None };
        }
        let bound: Vec<_> = places.into_iter().filter_map(|place| self.bound(place)).collect();
        let received = bound.iter().map(|bound| bound.read.to_token_stream());
        let (mut handles, mut pattern): (Vec<_>, Vec<_>) = (received.clone().collect(), received.collect());
        let mut rest = quote!();
        if !values.is_empty() {
            let received = Ident::new("rest", Span::mixed_site());
            handles.push(own.clone());
            pattern.push(received.to_token_stream());
            rest = quote!(#[allow(unused_variables)] let #own = #received;);
        }
        let arms = bound.iter().map(|bound| {
            let Bound { read, values, scrutinee, pattern, guard, .. } = bound;

            let guard = guard.as_ref().map(|guard| quote!(if #guard));
            let before = quote!(#[allow(unused_variables)] let #values = #read;);
            [before, scrutinee.to_token_stream(), quote!(#pattern #guard)]
        });
        Reading {
            handles: nest(&handles),
            pattern: nest(&pattern),
            place: Some(Place { saga: self.saga.clone(), arms: arms.collect(), rest }),
        }
    }

    /// The handles that expressions read, and the arms whose names they mention.
    fn sources<'a>(&self, expressions: impl IntoIterator<Item = &'a Expr>) -> (Vec<Ident>, Vec<usize>) {
        let mut places: Vec<usize> =
            expressions.into_iter().flat_map(mentions::of).filter_map(|name| self.source(&name)).collect();
        let around: Vec<usize> = places
            .iter()
            .filter_map(|place| self.bound(*place))
            .flat_map(|bound| bound.inside.iter().copied())
            .collect();
        places.extend(around);
        places.sort_unstable();
        places.dedup();
        let (mut values, mut arms) = (vec![], vec![]);
        for place in places {
            match self.scope.get(place) {
                Some(Source::Handle(name)) => values.push(name.clone()),
                Some(Source::Bound(_)) => arms.push(place),
                None => {}
            }
        }
        (values, arms)
    }

    /// Where a name comes from: the last one that has it.
    fn source(&self, name: &Ident) -> Option<usize> {
        self.scope.iter().rposition(|source| match source {
            Source::Handle(handle) => handle == name,
            Source::Bound(bound) => bound.names.contains(name),
        })
    }

    fn bound(&self, place: usize) -> Option<&Bound> {
        match self.scope.get(place) {
            Some(Source::Bound(bound)) => Some(bound),
            _ => None,
        }
    }

    /// The name of a handle.
    pub(super) fn is_handle(&self, name: Option<&Ident>) -> bool {
        let source = name.and_then(|name| self.source(name)).and_then(|place| self.scope.get(place));
        matches!(source, Some(Source::Handle(_)))
    }

    /// Keeps what a `match` reads, for its arms, whose names come into scope with [`Kept::arm`].
    pub(super) fn keep(&mut self, found: &Match) -> (Kept, TokenStream) {
        let guards = found.arms.iter().filter_map(again);
        let (values, inside) = self.sources([&found.scrutinee].into_iter().chain(guards));
        let (read, handles) = (self.fresh(), nest(&values));
        let is_used = found.arms.iter().any(|arm| !arm.bound.is_empty());
        let statement = if is_used { quote!(let #read = #handles;) } else { quote!() };
        (Kept { read, values: handles, inside }, statement)
    }
}

impl Lower<'_> {
    /// From here on the names of the `let` are in scope.
    pub(super) fn bind(&mut self, binding: &Binding) -> TokenStream {
        let Binding { pattern, value, names } = binding;
        if names.is_empty() {
            return quote!();
        }
        let (values, inside) = self.sources([value]);
        let (read, values) = (self.fresh(), nest(&values));
        let statement = quote!(let #read = #values;);
        self.scope.push(Source::Bound(Box::new(Bound {
            names: names.clone(),
            read,
            values,
            scrutinee: value.clone(),
            pattern: pattern.clone(),
            guard: None,
            inside,
        })));
        statement
    }
}

/// The handles of what a `match` read.
pub(super) struct Kept {
    read: Ident,
    values: TokenStream,
    inside: Vec<usize>,
}

impl Kept {
    /// The names that an arm binds.
    pub(super) fn arm(&self, found: &Match, arm: &Arm) -> Option<Source> {
        (!arm.bound.is_empty()).then(|| {
            Source::Bound(Box::new(Bound {
                names: arm.bound.clone(),
                read: self.read.clone(),
                values: self.values.clone(),
                scrutinee: found.scrutinee.clone(),
                pattern: arm.pattern.clone(),
                guard: again(arm).cloned(),
                inside: self.inside.clone(),
            }))
        })
    }
}

/// The guard of an arm where its pattern is matched again. Its answer is journaled with the arm, so it is asked
/// again only where it says which of several alternatives is meant.
fn again(arm: &Arm) -> Option<&Expr> {
    struct Alternatives(bool);
    impl<'a> Visit<'a> for Alternatives {
        fn visit_pat_or(&mut self, pattern: &'a PatOr) {
            self.0 = true;
            visit::visit_pat_or(self, pattern);
        }
    }
    let mut find = Alternatives(false);
    find.visit_pat(&arm.pattern);
    arm.guard.as_ref().filter(|_| find.0)
}

/// `(a, b)`; more than a tuple may hold are nested.
pub(super) fn nest<T: ToTokens>(values: &[T]) -> TokenStream {
    let mut parts: Vec<TokenStream> = values.iter().map(ToTokens::to_token_stream).collect();
    while parts.len() > TUPLE {
        parts = parts.chunks(TUPLE).map(|chunk| quote!((#(#chunk,)*))).collect();
    }
    quote!((#(#parts,)*))
}
