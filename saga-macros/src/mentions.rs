//! Which names an expression mentions.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprPath, Ident, Macro, Path};

/// The single names that an expression mentions as values, also inside macros and their format strings.
/// A name that is bound inside the expression itself (by a closure) counts too.
pub(crate) fn of(expression: &Expr) -> Vec<Ident> {
    let mut mentions = Mentions(vec![]);
    mentions.visit_expr(expression);
    mentions.0
}

/// The same of the statements of a block.
pub(crate) fn of_block(block: &Block) -> Vec<Ident> {
    let mut mentions = Mentions(vec![]);
    mentions.visit_block(block);
    mentions.0
}

/// A path as people write it.
pub(crate) fn path(path: &Path) -> String {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect::<Vec<_>>().join("::")
}

struct Mentions(Vec<Ident>);

impl<'a> Visit<'a> for Mentions {
    fn visit_expr_path(&mut self, path: &'a ExprPath) {
        self.0.extend(path.path.get_ident().cloned());
        visit::visit_expr_path(self, path);
    }
    fn visit_macro(&mut self, found: &'a Macro) {
        self.tokens(found.tokens.clone());
    }
}

impl Mentions {
    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Ident(name) => self.0.push(name),
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    let names = in_format_string(&literal.to_string());
                    self.0.extend(names.into_iter().map(|name| Ident::new(&name, literal.span())));
                }
                TokenTree::Punct(_) => {}
            }
        }
    }
}

/// `"{name} {other:?} {}"` -> `name`, `other`.
fn in_format_string(literal: &str) -> Vec<String> {
    literal
        .split('{')
        .skip(1)
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>())
        .filter(|name| syn::parse_str::<Ident>(name).is_ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn names(expression: &Expr) -> Vec<String> {
        of(expression).iter().map(Ident::to_string).collect()
    }

    #[test]
    fn fields_methods_and_paths_are_not_mentions() {
        assert_eq!(names(&parse_quote!(a.b.c(module::d, E { f: g, h }))), ["a", "g", "h"]);
    }

    #[test]
    fn format_strings_mention_names() {
        assert_eq!(names(&parse_quote!(format!("{{x}} {name:?} {} {0}", a))), ["x", "name", "a"]);
    }
}
