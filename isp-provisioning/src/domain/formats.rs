//! The spellings that are understood, and the one that is kept.

/// Six pairs of hex digits between `:` or `-`, as lower case with colons.
///
/// Nothing else passes, so the result may stand in another system's query: GenieACS takes `*` and `/x/` in a
/// text for patterns, and a pattern would find other subscribers' routers.
pub fn mac(text: &str) -> Option<String> {
    let separator = if text.contains('-') { '-' } else { ':' };
    let pairs: Vec<&str> = text.split(separator).collect();
    let pair = |pair: &&str| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit());
    (pairs.len() == 6 && pairs.iter().all(pair)).then(|| pairs.join(":").to_ascii_lowercase())
}

/// Four letters (the vendor) and eight hex digits, as upper case.
pub fn onu_serial(text: &str) -> Option<String> {
    let (vendor, number) = text.split_at_checked(4)?;
    let vendor = vendor.bytes().all(|byte| byte.is_ascii_alphabetic());
    let number = number.len() == 8 && number.bytes().all(|byte| byte.is_ascii_hexdigit());
    (vendor && number).then(|| text.to_ascii_uppercase())
}

/// An e-mail address as people have them, as lower case: no quotes, no comments, a domain with a dot.
pub fn email(text: &str) -> Option<String> {
    let (local, domain) = text.split_once('@')?;
    let words = |text: &str| text.split('.').all(|word| !word.is_empty());
    let local_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~.-".contains(&byte);
    let local_good = local.len() <= 64 && words(local) && local.bytes().all(local_byte);
    let label = |label: &str| {
        let bytes = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        bytes && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    };
    let domain_good = domain.contains('.') && words(domain) && domain.split('.').all(label);
    (text.len() <= 254 && local_good && domain_good).then(|| text.to_ascii_lowercase())
}

/// A date (`2025-10-15`), or a time with its zone (`2025-10-15T12:00:00Z`), as it is.
pub fn date(text: &str) -> Option<String> {
    let is_date = text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok();
    (is_date || text.parse::<jiff::Timestamp>().is_ok()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(format: fn(&str) -> Option<String>, good: &[(&str, &str)], bad: &[&str]) {
        for (text, kept) in good {
            assert_eq!(format(text).as_deref(), Some(*kept), "{text}");
        }
        for text in bad {
            assert_eq!(format(text), None, "{text}");
        }
    }

    #[test]
    fn macs() {
        let kept = "00:11:22:aa:bb:55";
        table(
            mac,
            &[("00:11:22:AA:bb:55", kept), ("00-11-22-AA-bb-55", kept)],
            &[
                "",
                "*",
                "/.*/",
                "00:11:22:AA:bb",
                "00:11:22:AA:bb:5",
                "00:11:22:AA:bb:5*",
                "00:11-22:AA:bb:55",
                "00:11:22:AA:bb:55:66",
                "001122AABB55",
                "0 :11:22:AA:bb:55",
                "0０:11:22:AA:bb:55",
            ],
        );
    }

    #[test]
    fn onu_serials() {
        table(
            onu_serial,
            &[("ALCL12345678", "ALCL12345678"), ("alclb00b1e5f", "ALCLB00B1E5F")],
            &["", "ALCL1234567", "ALCL123456789", "ALC112345678", "ALCL1234567G", "ÄLCL1234567"],
        );
    }

    #[test]
    fn emails() {
        table(
            email,
            &[
                ("John.Doe@Example.com", "john.doe@example.com"),
                ("a+b@x-y.example.org", "a+b@x-y.example.org"),
            ],
            &[
                "",
                "john",
                "@example.com",
                "john@",
                "john@example",
                "a@b@example.com",
                "a b@example.com",
                ".a@example.com",
                "a..b@example.com",
                "a@-example.com",
                "a@example..com",
                "a@example.com.",
                "a\u{0}@example.com",
                "\"a\"@example.com",
            ],
        );
    }

    #[test]
    fn dates() {
        table(
            date,
            &[("2025-10-15", "2025-10-15"), ("2025-10-15T12:00:00+02:00", "2025-10-15T12:00:00+02:00")],
            &["", "tomorrow", "2025-02-30", "2025-10-15T12:00:00", "15.10.2025"],
        );
    }
}
