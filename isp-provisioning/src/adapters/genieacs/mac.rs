//! MAC addresses, checked before they go into a query: GenieACS takes `*` and `/x/` in a string for patterns,
//! and a pattern would find other subscribers' routers.

/// Six pairs of hex digits between `:` or `-`, as lower case with colons.
pub(super) fn normalised(text: &str) -> Option<String> {
    let separator = if text.contains('-') { '-' } else { ':' };
    let pairs: Vec<&str> = text.split(separator).collect();
    let pair = |pair: &&str| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit());
    (pairs.len() == 6 && pairs.iter().all(pair)).then(|| pairs.join(":").to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_pass() {
        for good in ["00:11:22:AA:bb:55", "00-11-22-AA-bb-55"] {
            assert_eq!(normalised(good).as_deref(), Some("00:11:22:aa:bb:55"), "{good}");
        }
        for bad in [
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
            "００:11:22:AA:bb:55",
        ] {
            assert_eq!(normalised(bad), None, "{bad}");
        }
    }
}
