//! Whether the content of an event is what its sender has said it would be: a JSON Schema (2020-12 unless it says
//! otherwise).

use std::error::Error;
use std::fmt::Write;

use boon::{Compiler, ErrorKind, SchemaIndex, Schemas, UrlLoader, ValidationError};
use serde_json::Value;
use types::FieldError;

/// The name of a schema among those that it may refer to: itself.
const HERE: &str = "https://schema.invalid/event";
/// Complaints about one event, at most.
const MOST: usize = 20;

/// A schema that was read.
pub(crate) struct EventSchema {
    schemas: Schemas,
    index: SchemaIndex,
}

/// Follows no reference: what a schema refers to stands in it.
struct Nowhere;

impl UrlLoader for Nowhere {
    fn load(&self, url: &str) -> Result<Value, Box<dyn Error>> {
        Err(format!("it refers to {url}, and is to stand by itself").into())
    }
}

impl EventSchema {
    /// # Errors
    /// Why it is no JSON Schema.
    pub fn read(schema: &Value) -> Result<Self, String> {
        let mut compiler = Compiler::new();
        compiler.use_loader(Box::new(Nowhere));
        compiler.enable_format_assertions();
        let mut schemas = Schemas::new();
        compiler
            .add_resource(HERE, schema.clone())
            .map_err(|error| format!("{error:#}"))?;
        let index = compiler
            .compile(HERE, &mut schemas)
            .map_err(|error| format!("{error:#}"))?;
        Ok(Self { schemas, index })
    }

    /// What is wrong with a content: JSON pointers, which begin with `at`, and what was expected there.
    pub fn complaints(&self, content: &Value, at: &str) -> Vec<FieldError> {
        let mut found = Vec::new();
        if let Err(error) = self.schemas.validate(content, self.index) {
            collect(&error, at, &mut found);
        }
        found.truncate(MOST);
        found
    }
}

/// The innermost complaints: those further out only say that there are some.
fn collect(error: &ValidationError<'_, '_>, at: &str, found: &mut Vec<FieldError>) {
    let is_choice = matches!(error.kind, ErrorKind::AnyOf | ErrorKind::OneOf(_));
    if !error.causes.is_empty() && !is_choice {
        for cause in &error.causes {
            collect(cause, at, found);
        }
        return;
    }
    let place = format!("{at}{}", error.instance_location);
    match &error.kind {
        // The field that is wrong is the one that is not there.
        ErrorKind::Required { want } => {
            found.extend(
                want.iter().map(|name| {
                    FieldError::new(&format!("{place}/{}", escaped(name)), "is missing")
                }),
            );
        }
        ErrorKind::AdditionalProperties { got } => {
            found.extend(got.iter().map(|name| {
                let message = "is not expected here";
                FieldError::new(&format!("{place}/{}", escaped(name)), message)
            }));
        }
        kind => {
            let mut message = String::new();
            // A text takes whatever is written.
            let _ = write!(message, "{kind}");
            found.push(FieldError::new(&place, message));
        }
    }
}

/// As a JSON pointer (RFC 6901) has it.
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> EventSchema {
        let schema = json!({
            "type": "object",
            "required": ["grams"],
            "properties": {
                "grams": {"type": "integer", "minimum": 1},
                "lines": {"type": "array", "items": {"type": "object", "required": ["a/b"]}},
            },
            "additionalProperties": false,
        });
        EventSchema::read(&schema).expect("a schema")
    }

    fn places(content: &Value) -> Vec<String> {
        let complaints = schema().complaints(content, "/data");
        complaints.into_iter().map(|it| it.field).collect()
    }

    #[test]
    fn what_is_wrong_is_named_by_its_place() {
        assert_eq!(places(&json!({"grams": 7})), Vec::<String>::new());
        assert_eq!(places(&json!({})), ["/data/grams"]);
        assert_eq!(places(&json!({"grams": "7"})), ["/data/grams"]);
        assert_eq!(places(&json!({"grams": 0})), ["/data/grams"]);
        assert_eq!(places(&json!([1])), ["/data"]);
        let more = json!({"grams": 7, "lines": [{"a/b": 1}, {}], "mood": 1});
        let mut found = places(&more);
        found.sort();
        assert_eq!(found, ["/data/lines/1/a~1b", "/data/mood"]);
        let told = schema().complaints(&json!({"grams": "7"}), "/data");
        assert!(told[0].message.contains("integer"), "{told:?}");
    }

    #[test]
    fn a_schema_stands_by_itself() {
        let elsewhere = json!({"$ref": "https://schemas.example/parcel.json"});
        let file = json!({"$ref": "file:///etc/hostname"});
        for refers in [elsewhere, file] {
            let refused = EventSchema::read(&refers).err().expect("refused");
            assert!(refused.contains("stand by itself"), "{refused}");
        }
        let inside = json!({"$defs": {"gram": {"type": "integer"}}, "$ref": "#/$defs/gram"});
        assert!(EventSchema::read(&inside).is_ok());
        assert!(EventSchema::read(&json!({"type": "grams"})).is_err());
    }
}
