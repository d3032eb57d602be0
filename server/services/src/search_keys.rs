//! What orders are searched by: texts in lower case, of which the beginning is looked for.

/// A text as it is compared: in lower case, with one space between words.
pub(crate) fn search_key(text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

/// A name from its first, its second, its third and its last word on; `None` for words that it does not
/// have, or that another key begins with.
pub(crate) fn name_keys(name: &str) -> [Option<String>; 4] {
    let key = search_key(name);
    let words: Vec<&str> = key.split(' ').filter(|word| !word.is_empty()).collect();
    let from = |at: usize| (at < words.len()).then(|| words[at..].join(" "));
    let last = words.len().checked_sub(1).filter(|last| *last > 2);
    [from(0), from(1), from(2), last.and_then(from)]
}

/// The texts that begin with `key`: from the first on, to the second and without it. Compared byte by
/// byte.
pub(crate) fn beginning_with(key: &str) -> (String, String) {
    // No text has a character behind this one.
    (key.to_owned(), format!("{key}\u{10ffff}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_the_beginning_of_its_words() {
        let keys = |name| name_keys(name).map(Option::unwrap_or_default);
        assert_eq!(
            keys(" Ada  LOVELACE "),
            ["ada lovelace", "lovelace", "", ""]
        );
        assert_eq!(
            keys("Ana María de la Cruz"),
            [
                "ana maría de la cruz",
                "maría de la cruz",
                "de la cruz",
                "cruz"
            ]
        );
        assert_eq!(keys("李雷"), ["李雷", "", "", ""]);
        assert_eq!(keys("a b c"), ["a b c", "b c", "c", ""]);
    }

    #[test]
    fn what_begins_so_stands_between_the_two() {
        let (from, to) = beginning_with("lov");
        for inside in ["lov", "love", "lovelace", "lov 李", "lov\u{ffff}"] {
            assert!(*inside >= *from && *inside < *to, "{inside}");
        }
        for outside in ["lou", "lo", "low", "", "m"] {
            assert!(*outside < *from || *outside >= *to, "{outside}");
        }
    }
}
