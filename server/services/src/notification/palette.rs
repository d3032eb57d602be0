//! The shop's colours for its mails, read from the one file that names them for its pages.

use std::collections::BTreeMap;
use std::sync::LazyLock;

const TOKENS: &str = include_str!("../../../../style/tokens.css");

/// A colour's name to what it is.
pub type Colours = BTreeMap<&'static str, &'static str>;

/// Of the light and of the dark scheme.
pub static LIGHT: LazyLock<Colours> =
    LazyLock::new(|| read().map(|(name, light, _)| (name, light)).collect());
pub static DARK: LazyLock<Colours> =
    LazyLock::new(|| read().map(|(name, _, dark)| (name, dark)).collect());

/// Lines like `--ground: light-dark(#faf7f2, #171412);`.
fn read() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    TOKENS.lines().filter_map(|line| {
        let (name, value) = line
            .trim()
            .strip_prefix("--")?
            .split_once(": light-dark(")?;
        let (light, dark) = value.split_once(')')?.0.split_once(", ")?;
        Some((name, light, dark))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colours_that_mails_use_are_named_in_the_tokens() {
        for colours in [&*LIGHT, &*DARK] {
            for name in [
                "ground",
                "ground-raised",
                "ink",
                "ink-soft",
                "rule",
                "accent",
                "accent-ink",
            ] {
                let colour = colours.get(name).unwrap_or_else(|| panic!("{name}"));
                let digits = colour.strip_prefix('#').expect(colour);
                assert!(digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()));
            }
        }
        assert_ne!(LIGHT["ground"], DARK["ground"]);
    }
}
