//! Which arguments are projections: they give the same value whenever they are computed from the same
//! journaled values, so they are computed again and need not be journaled.

use syn::Expr;

/// Methods that only look at a value, or copy it.
const ACCESSORS: [&str; 26] = [
    "as_bytes",
    "as_deref",
    "as_ref",
    "as_slice",
    "as_str",
    "clone",
    "cloned",
    "contains",
    "contains_key",
    "err",
    "first",
    "get",
    "into",
    "is_empty",
    "is_err",
    "is_none",
    "is_ok",
    "is_some",
    "last",
    "len",
    "ok",
    "to_owned",
    "to_string",
    "trim",
    "unwrap_or",
    "unwrap_or_default",
];

/// Paths, fields, borrows, literals, tuples, `Some(..)`, and the accessors above.
pub(super) fn is_projection(expression: &Expr) -> bool {
    match expression {
        Expr::Path(_) | Expr::Lit(_) => true,
        Expr::Field(field) => is_projection(&field.base),
        Expr::Reference(reference) => reference.mutability.is_none() && is_projection(&reference.expr),
        Expr::Unary(unary) => is_projection(&unary.expr),
        Expr::Paren(inner) => is_projection(&inner.expr),
        Expr::Group(inner) => is_projection(&inner.expr),
        Expr::Tuple(tuple) => tuple.elems.iter().all(is_projection),
        Expr::MethodCall(call) => {
            ACCESSORS.iter().any(|accessor| call.method == accessor)
                && is_projection(&call.receiver)
                && call.args.iter().all(is_projection)
        }
        Expr::Call(call) => {
            matches!(&*call.func, Expr::Path(path) if path.path.is_ident("Some"))
                && call.args.iter().all(is_projection)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn looking_is_a_projection() {
        for expression in [
            parse_quote!(&request),
            parse_quote!(request.mac.as_deref().unwrap_or_default()),
            parse_quote!(Some(&*a.b)),
            parse_quote!((1, -x, "text", NAME, a::B)),
            parse_quote!(names.get(1)),
        ] {
            assert!(is_projection(&expression), "{}", super::super::spelling::spell(&expression));
        }
    }

    #[test]
    fn computing_is_not() {
        for expression in [
            parse_quote!(SystemTime::now()),
            parse_quote!(&mut x),
            parse_quote!(x.elapsed()),
            parse_quote!(x.get(now())),
            parse_quote!(x.pop()),
            parse_quote!(format!("{x}")),
            parse_quote!(a + b),
            parse_quote!(parse(x)?),
            parse_quote!(|x| x),
        ] {
            assert!(!is_projection(&expression), "{}", super::super::spelling::spell(&expression));
        }
    }
}
