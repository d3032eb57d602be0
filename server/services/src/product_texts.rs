//! What may be said of a product and its variants, and what follows from that.

use types::admin::MAX_ON_HAND;
use types::products::{
    FirstStock, MAX_DESCRIPTION, MAX_LINE, MAX_SUMMARY, ProductTexts, VariantTexts,
};
use types::restock::MAX_PIECES;
use types::{FieldError, Problem, is_printable};

/// Metals that are named, at most.
const MAX_METALS: usize = 12;
/// Characters of a barcode, at most.
const MAX_BARCODE: usize = 40;

/// `White gold`: `white-gold`
pub(crate) fn plain_name(label: &str) -> String {
    let mut name = String::new();
    for sign in label.trim().chars() {
        match sign.is_ascii_alphanumeric() {
            true => name.push(sign.to_ascii_lowercase()),
            false if name.ends_with('-') || name.is_empty() => {}
            false => name.push('-'),
        }
    }
    name.trim_end_matches('-').to_owned()
}

/// What search engines and link previews show where nothing else is said: the beginning of the description, in
/// whole words.
pub(crate) fn summary_of(description: &str) -> String {
    const LENGTH: usize = 155;
    let words = description.split_whitespace();
    let mut summary = String::new();
    for word in words {
        if summary.chars().count() + 1 + word.chars().count() > LENGTH {
            break;
        }
        if !summary.is_empty() {
            summary.push(' ');
        }
        summary.push_str(word);
    }
    summary
}

struct Check(Vec<FieldError>);

impl Check {
    /// A text of one line, which may be empty.
    fn line(&mut self, field: &str, text: &str, longest: usize) {
        let text = text.trim();
        if text.chars().count() > longest {
            let message = format!("Enter at most {longest} characters.");
            self.0.push(FieldError::new(field, message));
        } else if !text.is_empty() && !is_printable(text) {
            let message = "There is a character in it that cannot be shown.";
            self.0.push(FieldError::new(field, message));
        }
    }

    fn given(&mut self, field: &str, text: &str, message: &str) {
        if text.trim().is_empty() {
            self.0.push(FieldError::new(field, message));
        } else {
            self.line(field, text, MAX_LINE);
        }
    }

    fn done(self) -> crate::Result<()> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(Problem::invalid(self.0)),
        }
    }
}

pub(crate) fn check_texts(texts: &ProductTexts) -> crate::Result<()> {
    let mut check = Check(Vec::new());
    check.given("title", &texts.title, "Give it a title.");
    // Lines divide it, and nothing else that cannot be seen.
    let description = texts.description.replace(['\r', '\n', '\t'], " ");
    check.line("description", &description, MAX_DESCRIPTION);
    let metals: Vec<&str> = texts.metals.lines().collect();
    if metals.len() > MAX_METALS {
        let message = format!("Enter at most {MAX_METALS} lines.");
        check.0.push(FieldError::new("metals", message));
    }
    for metal in metals {
        check.line("metals", metal, MAX_LINE);
    }
    check.line("stones", &texts.stones, MAX_LINE);
    check.line("edition", &texts.edition, MAX_LINE);
    check.line("seo_title", &texts.seo_title, MAX_LINE);
    check.line("seo_description", &texts.seo_description, MAX_SUMMARY);
    check.done()
}

pub(crate) fn check_alt(alt: &str) -> crate::Result<()> {
    let mut check = Check(Vec::new());
    check.given("alt", alt, "Say what the picture shows.");
    check.done()
}

pub(crate) fn check_variant(texts: &VariantTexts, first: Option<&FirstStock>) -> crate::Result<()> {
    let mut check = Check(Vec::new());
    check.given("metal", &texts.metal, "Name its metal or colour.");
    if !texts.metal.trim().is_empty() && plain_name(&texts.metal).is_empty() {
        let message = "Name it with letters of a to z.";
        check.0.push(FieldError::new("metal", message));
    }
    check.given("size", &texts.size, "Name its size, or write One size.");
    check.line("barcode", &texts.barcode, MAX_BARCODE);
    if let Some(first) = first {
        for (field, pieces) in [
            ("pieces", first.pieces),
            ("threshold", first.threshold),
            ("up_to", first.up_to),
        ] {
            if !(0..=MAX_ON_HAND).contains(&pieces) {
                let message = format!("Enter a number from 0 to {MAX_ON_HAND}.");
                check.0.push(FieldError::new(field, message));
            }
        }
        if first.is_ordered() && first.threshold >= i64::from(MAX_PIECES) {
            let message = format!("Enter a number below {MAX_PIECES}.");
            check.0.push(FieldError::new("threshold", message));
        }
        let most = first.threshold + 1..=i64::from(MAX_PIECES);
        if first.is_ordered() && !most.contains(&first.up_to) {
            let message = "Enter how many there are to be: more than when it is ordered again.";
            check.0.push(FieldError::new("up_to", message));
        }
    }
    check.done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_for_addresses_is_made_of_what_people_say() {
        for (label, name) in [
            ("White gold", "white-gold"),
            ("  18k  Rosé / gold ", "18k-ros-gold"),
            ("É", ""),
        ] {
            assert_eq!(plain_name(label), name, "{label}");
        }
    }

    #[test]
    fn a_summary_ends_with_a_whole_word() {
        assert_eq!(summary_of(" A  ring.\nRound. "), "A ring. Round.");
        let long = summary_of(&"hammered ".repeat(40));
        assert!(long.len() <= 155 && long.ends_with("hammered"), "{long}");
    }

    #[test]
    fn what_cannot_be_shown_or_is_too_long_is_refused_at_its_field() {
        let texts = |change: fn(&mut ProductTexts)| {
            let mut texts = ProductTexts {
                title: "A ring".to_owned(),
                description: "Round.\r\nAnd shiny.".to_owned(),
                ..ProductTexts::default()
            };
            change(&mut texts);
            check_texts(&texts)
        };
        assert_eq!(texts(|_| {}), Ok(()));
        type Change = fn(&mut ProductTexts);
        let bad: [(&str, Change); 4] = [
            ("title", |it| it.title = " ".to_owned()),
            ("stones", |it| it.stones = "a\u{202e}b".to_owned()),
            ("description", |it| {
                it.description = "x".repeat(MAX_DESCRIPTION + 1)
            }),
            ("metals", |it| it.metals = "gold\n".repeat(MAX_METALS + 1)),
        ];
        for (field, change) in bad {
            let problem = texts(change).expect_err(field);
            assert!(problem.field(field).is_some(), "{field}: {problem:?}");
        }
    }
}
