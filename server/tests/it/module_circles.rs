//! Whether the files of a crate use one another in a circle, read from the paths in their sources.

use std::collections::{BTreeMap, BTreeSet};

/// A file of a crate.
pub struct Module {
    /// Names from the crate's root, e.g. `["crash", "audit"]`; empty for the root itself.
    pub path: Vec<String>,
    pub text: String,
}

/// The files that lie on circles, each set sorted; files of different sets do not meet on one.
///
/// A file that declares other files and hands out their names is not on a circle because of that: a
/// path through such a name leads to the file that the name comes from.
pub fn circles(modules: &[Module]) -> Vec<Vec<String>> {
    let files: BTreeMap<&[String], Vec<String>> = modules
        .iter()
        .map(|module| (module.path.as_slice(), tokens(&module.text)))
        .collect();
    let handed_out = files
        .iter()
        .map(|(path, tokens)| (*path, handed_out(&files, path, tokens)))
        .collect();
    let mut uses = BTreeMap::new();
    for (path, tokens) in &files {
        let mut targets = BTreeSet::new();
        for used in paths(&files, path, tokens) {
            if !used.is_handed_out {
                targets.insert(file_of(&files, &handed_out, &used.segments));
            }
        }
        targets.remove(*path);
        uses.insert(path.to_vec(), targets);
    }
    components(&uses)
}

type Files<'a> = BTreeMap<&'a [String], Vec<String>>;
/// By file: names that it hands out, and the path that each stands for.
type HandedOut<'a> = BTreeMap<&'a [String], BTreeMap<String, Vec<String>>>;

/// A path that a source uses, from the crate's root.
struct Used {
    segments: Vec<String>,
    /// Whether it stands in a `pub use`.
    is_handed_out: bool,
}

fn handed_out(
    files: &Files<'_>,
    path: &[String],
    tokens: &[String],
) -> BTreeMap<String, Vec<String>> {
    let mut names = BTreeMap::new();
    for used in paths(files, path, tokens) {
        if let Some(name) = used.segments.last().filter(|_| used.is_handed_out) {
            names.insert(name.clone(), used.segments.clone());
        }
    }
    names
}

/// The file that a path leads to.
fn file_of(files: &Files<'_>, handed_out: &HandedOut<'_>, segments: &[String]) -> Vec<String> {
    let mut segments = segments.to_vec();
    // As many steps as there are files: names that are handed out in a circle end there.
    for _ in 0..files.len() {
        let depth = (0..=segments.len()).rev();
        let depth = depth
            .into_iter()
            .find(|n| files.contains_key(&segments[..*n]));
        let file = segments[..depth.unwrap_or(0)].to_vec();
        let name = segments.get(file.len());
        let source = name.and_then(|name| handed_out.get(file.as_slice())?.get(name));
        match source {
            Some(source) if *source != segments => {
                let rest = segments.split_off(file.len() + 1);
                segments = source.iter().cloned().chain(rest).collect();
            }
            _ => return file,
        }
    }
    segments
}

/// All paths into the crate itself that a source names.
fn paths(files: &Files<'_>, file: &[String], tokens: &[String]) -> Vec<Used> {
    let mut found = Vec::new();
    let mut at = 0;
    // Whether a `pub use` goes on.
    let mut is_handed_out = false;
    while at < tokens.len() {
        let token = tokens[at].as_str();
        match token {
            "use" => is_handed_out = at > 0 && matches!(tokens[at - 1].as_str(), "pub" | ")"),
            ";" => is_handed_out = false,
            _ => {}
        }
        let is_path = tokens.get(at + 1).is_some_and(|next| next == "::");
        let is_inside = at > 0 && tokens[at - 1] == "::";
        let base = match token {
            "crate" => Some(Vec::new()),
            "super" => file.split_last().map(|(_, parent)| parent.to_vec()),
            "self" => Some(file.to_vec()),
            child => {
                let child = [file, &[child.to_owned()]].concat();
                files.contains_key(child.as_slice()).then_some(child)
            }
        };
        if let Some(base) = base.filter(|_| is_path && !is_inside) {
            let mut after = at + 2;
            for segments in tree(tokens, &mut after, &base) {
                found.push(Used {
                    segments,
                    is_handed_out,
                });
            }
            at = after;
        } else {
            at += 1;
        }
    }
    found
}

/// Follows a path and the braces of a `use`, from `at` on.
fn tree(tokens: &[String], at: &mut usize, base: &[String]) -> Vec<Vec<String>> {
    let token = |at: usize| tokens.get(at).map_or("", String::as_str);
    match token(*at) {
        "{" => {
            let mut found = Vec::new();
            *at += 1;
            while *at < tokens.len() && token(*at) != "}" {
                if token(*at) == "," {
                    *at += 1;
                } else {
                    found.extend(tree(tokens, at, base));
                }
            }
            *at += 1;
            found
        }
        "super" => {
            *at += 1;
            let parent = base.split_last().map_or(&[][..], |(_, parent)| parent);
            follow(tokens, at, parent.to_vec())
        }
        "self" | "*" => {
            *at += 1;
            follow(tokens, at, base.to_vec())
        }
        name => {
            let path = [base, &[name.to_owned()]].concat();
            *at += 1;
            follow(tokens, at, path)
        }
    }
}

fn follow(tokens: &[String], at: &mut usize, path: Vec<String>) -> Vec<Vec<String>> {
    if tokens.get(*at).is_some_and(|token| token == "::") {
        *at += 1;
        return tree(tokens, at, &path);
    }
    // `as another_name` does not change where the path leads.
    if tokens.get(*at).is_some_and(|token| token == "as") {
        *at += 2;
    }
    vec![path]
}

/// Words, `::` and single signs of a source, without comments, texts and unit tests.
fn tokens(text: &str) -> Vec<String> {
    let text = text
        .split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap_or_default();
    let mut tokens: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else if let Some(raw) = raw_text(rest) {
            raw
        } else if first == '"' {
            quoted(rest)
        } else if rest.starts_with("'\"'") || rest.starts_with("'{'") || rest.starts_with("'}'") {
            3
        } else if is_word(first) {
            let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            tokens.push(rest[..word].to_owned());
            word
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

/// The length of a raw text, when one begins here.
fn raw_text(text: &str) -> Option<usize> {
    let after = text.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let inside = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = inside.find(&end).map_or(inside.len(), |at| at + end.len());
    Some(text.len() - inside.len() + length)
}

/// The length of a text in quotes.
fn quoted(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

type Uses = BTreeMap<Vec<String>, BTreeSet<Vec<String>>>;

/// Files that reach each other, more than one of them.
fn components(uses: &Uses) -> Vec<Vec<String>> {
    let reached: BTreeMap<&Vec<String>, BTreeSet<&Vec<String>>> =
        uses.keys().map(|file| (file, reach(uses, file))).collect();
    let mut found = BTreeSet::new();
    for (file, far) in &reached {
        if far.contains(*file) {
            let mutual = far.iter().filter(|other| reached[**other].contains(*file));
            found.insert(mutual.map(|path| name(path)).collect::<Vec<_>>());
        }
    }
    found.into_iter().collect()
}

/// All files that a file uses, also by way of others.
fn reach<'a>(uses: &'a Uses, from: &Vec<String>) -> BTreeSet<&'a Vec<String>> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&Vec<String>> = uses.get(from).into_iter().flatten().collect();
    while let Some(file) = next.pop() {
        if let Some((file, used)) = uses.get_key_value(file)
            && reached.insert(file)
        {
            next.extend(used);
        }
    }
    reached
}

fn name(path: &[String]) -> String {
    match path {
        [] => "the root".to_owned(),
        path => path.join("::"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[(&str, &str)]) -> Vec<Vec<String>> {
        let module = |(path, text): &(&str, &str)| Module {
            path: path
                .split("::")
                .filter(|s| !s.is_empty())
                .map(str::to_owned)
                .collect(),
            text: (*text).to_owned(),
        };
        circles(&files.iter().map(module).collect::<Vec<_>>())
    }

    #[test]
    fn two_files_that_use_each_other_are_a_circle() {
        let found = of(&[
            ("", "mod a; mod b; mod c; fn main() { a::x() }"),
            ("a", "use crate::b::B;"),
            ("b", "pub struct B; fn f() { super::c::f() }"),
            ("c", "use crate::{a::A, b};"),
        ]);
        assert_eq!(found, [["a", "b", "c"]]);
    }

    #[test]
    fn a_root_that_only_hands_out_is_no_part_of_a_circle() {
        let found = of(&[
            (
                "",
                "mod a; mod b; pub use a::A; pub(crate) use b::{B, Other as C};",
            ),
            ("a", "use crate::B; pub struct A;"),
            (
                "b",
                "// use crate::A;\nconst TEXT: &str = \"crate::A\"; pub struct B;",
            ),
        ]);
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn a_parent_and_a_child_that_use_each_other_are_a_circle() {
        let found = of(&[
            ("", "mod p;"),
            ("p", "mod c; pub const N: u8 = 1; fn f() { c::g() }"),
            ("p::c", "use super::N; pub fn g() {}"),
        ]);
        assert_eq!(found, [["p", "p::c"]]);
    }
}
