//! An expression as text: conditions are shown to people by their text, and it names their node in the plan.
//! It is spelt here and not by the compiler, whose spelling may change between versions.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Expr, Pat};

/// The longest text; what is longer is cut.
const LONGEST: usize = 80;

pub(super) fn spell(expression: &Expr) -> String {
    let mut text = String::new();
    write(expression.to_token_stream(), &mut text);
    shortened(&text)
}

/// The pattern of an arm, and its guard.
pub(super) fn pattern(pattern: &Pat, guard: Option<&Expr>) -> String {
    let mut text = String::new();
    write(pattern.to_token_stream(), &mut text);
    text.truncate(text.trim_end().len());
    if let Some(guard) = guard {
        text.push_str(" if ");
        write(guard.to_token_stream(), &mut text);
    }
    shortened(&text)
}

fn shortened(text: &str) -> String {
    let text = text.replace('"', "'");
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

fn write(tokens: TokenStream, text: &mut String) {
    let mut after_operand = false;
    let mut operator = String::new();
    for token in tokens {
        if let TokenTree::Punct(punct) = &token {
            operator.push(punct.as_char());
            if punct.spacing() == Spacing::Joint && !matches!(punct.as_char(), '?' | '\'') {
                continue;
            }
            let binary =
                after_operand && !matches!(operator.as_str(), "." | "::" | "?" | ":" | "," | ";" | "!");
            match operator.as_str() {
                "," | ":" | ";" => text.extend([operator.as_str(), " "]),
                _ if binary => text.extend([" ", operator.as_str(), " "]),
                _ => text.push_str(&operator),
            }
            after_operand = operator == "?";
            operator.clear();
            continue;
        }
        match &token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => (" { ", " }"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                write(group.stream(), text);
                text.push_str(close);
            }
            word => {
                if after_operand {
                    text.push(' ');
                }
                text.push_str(&word.to_string());
            }
        }
        after_operand = true;
    }
    text.push_str(&operator);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may panic")]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn a_condition_reads_as_it_was_written() {
        let spelt = |e: Expr| spell(&e);
        assert_eq!(spelt(parse_quote!(wants_cpe(&request))), "wants_cpe(&request)");
        assert_eq!(spelt(parse_quote!(!a.b && *c >= d::e(1, -2))), "!a.b && *c >= d::e(1, -2)");
        assert_eq!(spelt(parse_quote!(x? != "none")), "x? != 'none'");
        assert_eq!(spelt(parse_quote!(matches!(a, Some(_)))), "matches!(a, Some(_))");
        assert_eq!(spelt(parse_quote!(x as u8 == [1][0])), "x as u8 == [1][0]");
    }

    #[test]
    fn a_long_text_is_cut() {
        let long: Expr = syn::parse_str(&format!("f({})", "a, ".repeat(100))).unwrap();
        assert_eq!(spell(&long).chars().count(), LONGEST + 1);
    }
}
