//! The number of an expression: FNV-1a over its tokens. Spans and spaces do not count, nor do commas at an end,
//! which a formatter puts there; so it is the same with every compiler, for as long as the words are.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;

const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// The number of what a closure is made of.
pub(super) fn of<T: ToTokens>(parts: impl IntoIterator<Item = T>) -> u64 {
    parts.into_iter().fold(BASIS, |hash, part| text(tokens(hash, part.to_token_stream()), ","))
}

fn tokens(hash: u64, tokens: TokenStream) -> u64 {
    let mut tokens = tokens.into_iter().peekable();
    let mut hash = hash;
    while let Some(token) = tokens.next() {
        hash = match token {
            TokenTree::Punct(punct) if punct.as_char() == ',' && tokens.peek().is_none() => hash,
            TokenTree::Punct(punct) => text(hash, punct.as_char().encode_utf8(&mut [0; 4])),
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::None => ("", ""),
                };
                text(self::tokens(text(hash, open), group.stream()), close)
            }
            word => text(hash, &word.to_string()),
        };
    }
    hash
}

/// One word; none is the beginning of the next.
fn text(hash: u64, word: &str) -> u64 {
    if word.is_empty() {
        return hash;
    }
    word.bytes().chain([0]).fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may panic")]
mod tests {
    use super::*;
    use syn::Expr;

    fn number(expression: &str) -> u64 {
        of([syn::parse_str::<Expr>(expression).unwrap()])
    }

    #[test]
    fn a_number_stays_when_the_form_changes() {
        assert_eq!(number("f( &a,b ) +1"), number("f(\n    &a,\n    b,\n) + 1"));
        // Written down once: stores keep it.
        assert_eq!(number("request.name"), 0x809b_9a21_4a4d_6675);
    }

    #[test]
    fn a_number_changes_with_the_words() {
        let all =
            ["a", "b", "ab", "a.b", "a(b)", "a[b]", "(a, b)", "a + b", "a - b", "\"a\"", "a(1)", "a(2)"];
        let mut numbers: Vec<_> = all.map(number).to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), all.len());
        assert_ne!(of([quote::quote!(a), quote::quote!(b)]), of([quote::quote!(a b)]));
    }
}
