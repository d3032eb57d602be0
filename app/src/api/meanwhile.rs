//! Two people have the same form open: what becomes of what the later one has typed.

use serde::de::DeserializeOwned;
use types::seen::Seen;
use types::{FieldError, Problem};

/// What a form has shown; `None` where it does not say.
///
/// # Errors
/// 400 for what no page has written.
pub fn shown<T: DeserializeOwned>(text: &str) -> Result<Option<Seen<T>>, Problem> {
    let expected = "seen: expected what the page showed, as it wrote it";
    match text {
        "" => Ok(None),
        text => Seen::read(text)
            .map(Some)
            .ok_or_else(|| Problem::malformed(expected)),
    }
}

/// Settles a field of a form whose subject somebody else has changed since it was shown. What the person has left as
/// it was takes the other's value; what both have changed stays as typed. Either way the field says so, and the
/// person decides by saving again.
pub fn settle(
    errors: &mut Vec<FieldError>,
    name: &str,
    typed: &mut String,
    (shown, now): (&str, &str),
) {
    if now == shown || now == typed {
        return;
    }
    let other = if now.is_empty() { "nothing" } else { now };
    let message = match typed == shown {
        true => format!("Somebody else has changed this to {other} meanwhile."),
        false => {
            format!(
                "Somebody else has changed this to {other} meanwhile. Yours replaces it if you save again."
            )
        }
    };
    if typed == shown {
        now.clone_into(typed);
    }
    errors.push(FieldError::new(name, message));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_alone_takes_the_others_value_and_what_was_typed_stays() {
        for (typed, shown, now, after, told) in [
            ("5", "5", "5", "5", None),
            ("6", "5", "5", "6", None),
            ("5", "5", "7", "7", Some("changed this to 7 meanwhile.")),
            ("6", "5", "7", "6", Some("Yours replaces it")),
            ("7", "5", "7", "7", None),
            ("5", "5", "", "", Some("changed this to nothing")),
        ] {
            let (mut field, mut errors) = (typed.to_owned(), Vec::new());
            settle(&mut errors, "pieces", &mut field, (shown, now));
            assert_eq!(field, after, "{typed} {shown} {now}");
            let message = errors.first().map_or("", |error| &error.message);
            assert_eq!(told.is_some(), !message.is_empty(), "{message}");
            assert!(message.contains(told.unwrap_or_default()), "{message}");
        }
    }
}
