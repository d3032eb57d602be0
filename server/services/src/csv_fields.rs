//! Lines of files that spreadsheets open.

/// Text as a field: what a spreadsheet would take for a formula is marked as text.
pub(crate) fn text(text: &str) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

/// One line; fields are quoted where they have to be.
pub(crate) fn line<T: AsRef<[u8]>>(fields: &[T]) -> String {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    // Nothing is written anywhere but into memory.
    let written = writer.write_record(fields).is_ok();
    let bytes = writer.into_inner().ok().filter(|_| written);
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_text_whatever_is_in_it() {
        assert_eq!(line(&["a", "b \"c\", d", ""]), "a,\"b \"\"c\"\", d\",\r\n");
        for formula in ["=1+1", "+1", "-1", "@sum", "\t=1"] {
            assert_eq!(text(formula), format!("'{formula}"));
        }
        assert_eq!(text("ring"), "ring");
    }
}
