//! Postal codes as the countries write them that the shop delivers to: what a label needs to arrive.

/// How a country's codes are made, in the place of spaces and hyphens: `9` is a digit, `A` a letter, `#` either.
struct Form {
    country: &'static str,
    signs: &'static str,
    example: &'static str,
}

const fn form(country: &'static str, signs: &'static str, example: &'static str) -> Form {
    Form {
        country,
        signs,
        example,
    }
}

const FORMS: [Form; 12] = [
    form("AT", "9999", "1010"),
    form("BE", "9999", "1000"),
    form("DK", "9999", "1050"),
    form("FI", "99999", "00100"),
    form("FR", "99999", "75001"),
    form("DE", "99999", "10115"),
    form("IE", "A######", "D02 AF30"),
    form("IT", "99999", "00184"),
    form("NL", "9999AA", "1012 AB"),
    form("PT", "9999999", "1100-148"),
    form("ES", "99999", "28001"),
    form("SE", "99999", "111 22"),
];

/// An example of a country's codes, where this is none of them. Of a country that is not known, or not chosen yet,
/// anything passes that has a letter or a digit.
pub fn expected_instead(country: &str, text: &str) -> Option<&'static str> {
    let form = FORMS.iter().find(|form| form.country == country)?;
    let is_it = |text: &str| {
        let signs = text.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '-'));
        let fits = |(sign, c): (char, char)| match sign {
            '9' => c.is_ascii_digit(),
            'A' => c.is_ascii_alphabetic(),
            _ => c.is_ascii_alphanumeric(),
        };
        signs.clone().count() == form.signs.len() && form.signs.chars().zip(signs).all(fits)
    };
    let text = text.trim();
    // Many write the country before it: `D-10115`, `SE-111 22`.
    let without = text.split_once('-').filter(|(before, _)| {
        let before = before.trim();
        before.eq_ignore_ascii_case(country) || before.eq_ignore_ascii_case(&country[..1])
    });
    let is_known = is_it(text) || without.is_some_and(|(_, rest)| is_it(rest));
    (!is_known).then_some(form.example)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkout::COUNTRIES;

    #[test]
    fn every_country_that_is_served_has_a_form_and_its_example_passes() {
        for (country, name) in COUNTRIES {
            let form = FORMS.iter().find(|form| form.country == country);
            let form = form.unwrap_or_else(|| panic!("{name} has none"));
            assert_eq!(expected_instead(country, form.example), None, "{name}");
            for wrong in ["!!", "-", "1", "123456789", "ABCDEFGH", "１０１１５"] {
                assert_eq!(
                    expected_instead(country, wrong),
                    Some(form.example),
                    "{name} {wrong}"
                );
            }
        }
    }

    #[test]
    fn codes_pass_however_they_are_set_apart() {
        for (country, text) in [
            ("DE", " 10115 "),
            ("DE", "D-10115"),
            ("DE", "de-10115"),
            ("SE", "11122"),
            ("SE", "SE-111 22"),
            ("SE", "111\u{a0}22"),
            ("NL", "1012ab"),
            ("NL", "1012 AB"),
            ("PT", "1100148"),
            ("IE", "d02af30"),
            ("IE", "A65 F4E2"),
            ("CH", "!"),
            ("", "8001"),
        ] {
            assert_eq!(expected_instead(country, text), None, "{country} {text}");
        }
        for (country, text) in [
            ("DE", "1011"),
            ("DE", "F-10115"),
            ("NL", "101 2AB"),
            ("AT", "10101"),
        ] {
            let passes = expected_instead(country, text).is_none();
            // Spaces do not count, wherever they are.
            assert_eq!(passes, country == "NL", "{country} {text}");
        }
    }
}
