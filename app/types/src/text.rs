//! What can be printed on a label and read by a person.

/// `1 piece`, `3 pieces`
pub fn pieces(count: u32) -> String {
    let noun = if count == 1 { " piece" } else { " pieces" };
    [count.to_string().as_str(), noun].concat()
}

/// Characters that turn the direction of what follows, or break a line: they make a text read as
/// something else than it is.
const fn misleads(c: char) -> bool {
    matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters that leave no mark by themselves. Some belong into words of some languages.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Whether there is something to see, and nothing that hides or turns it.
pub fn is_printable(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || misleads(c))
        && text.chars().any(|c| !c.is_whitespace() && !is_invisible(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_script_pass_and_what_cannot_be_read_does_not() {
        for name in [
            "Ada",
            "José",
            "李雷",
            "سارة",
            "नेहा",
            "می\u{200c}خواهم",
            "O’Neil 🌹\u{fe0f}",
        ] {
            assert!(is_printable(name), "{name:?}");
        }
        for text in [
            "",
            " ",
            "\u{200b}",
            "\u{feff}\u{2060}",
            "\u{202e}adA",
            "Ada\u{2066}",
            "Ada\u{7}",
            "Ada\nLovelace",
            "Ada\u{1b}[31m",
            "\u{3164}",
        ] {
            assert!(!is_printable(text), "{text:?}");
        }
    }
}
