//! Sealed values within JSON texts: found and replaced where they stand, the rest is kept byte for byte.

use crate::json::Json;

const KEY: &str = "\"$sealed\"";

/// How a sealed value stands in the journal.
pub(crate) fn sealed(token: &str) -> Json {
    // A token is the sealer's; whatever is in it, this is JSON.
    let token = Json::encode(token).unwrap_or_else(|_| Json::null());
    Json::from_valid(format!("{{{KEY}:{token}}}"))
}

/// The text with each sealed value replaced by what `f` makes of its token; `None` if there is none.
///
/// # Errors
/// Those of `f`.
pub(crate) fn replaced<E>(
    text: &str,
    mut f: impl FnMut(&str) -> Result<String, E>,
) -> Result<Option<String>, E> {
    if !text.contains(KEY) {
        return Ok(None);
    }
    let (mut out, mut rest, mut found) = (String::with_capacity(text.len()), text, false);
    while let Some(at) = rest.find(['"', '{']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let part = if let Some((token, length)) = at_start(from) {
            found = true;
            out.push_str(&f(token)?);
            length
        } else {
            let length = if from.starts_with('"') { string(from) } else { 1 };
            out.push_str(from.get(..length).unwrap_or(from));
            length
        };
        rest = from.get(part..).unwrap_or_default();
    }
    out.push_str(rest);
    Ok(found.then_some(out))
}

/// The token of the sealed value with which the text begins, and how long all of it is.
fn at_start(text: &str) -> Option<(&str, usize)> {
    let rest = text.strip_prefix('{')?.trim_start().strip_prefix(KEY)?.trim_start();
    let rest = rest.strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let (token, rest) = rest.split_once('"')?;
    let rest = rest.trim_start().strip_prefix('}')?;
    (!token.contains('\\')).then_some((token, text.len() - rest.len()))
}

/// How long the string is with which the text begins.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upper(text: &str) -> Option<String> {
        let json = Json::parse(text).unwrap();
        let shown = replaced(json.as_str(), |token| Ok::<_, ()>(format!("<{token}>"))).unwrap();
        assert_eq!(json.as_str(), text);
        shown
    }

    #[test]
    fn sealed_values_are_found_wherever_they_stand_and_nothing_else_is_touched() {
        assert_eq!(upper(sealed("k.ab/+=").as_str()).unwrap(), "<k.ab/+=>");
        let inside = r#"{"Ok": [{ "$sealed" : "k.a" },{"$sealed":"k.b"}],"n": 1.50, "s":"\"{"}"#;
        assert_eq!(upper(inside).unwrap(), r#"{"Ok": [<k.a>,<k.b>],"n": 1.50, "s":"\"{"}"#);
    }

    #[test]
    fn what_only_looks_like_it_is_left_alone() {
        for text in [
            "1",
            r#""{\"$sealed\":\"k.a\"}""#,
            r#"{"$sealed":1}"#,
            r#"{"$sealed":"a","b":1}"#,
            r#"{"a":1,"$sealed":"a"}"#,
            r#"["$sealed","x"]"#,
        ] {
            assert_eq!(upper(text), None, "{text}");
        }
    }
}
