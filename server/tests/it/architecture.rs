//! Who may import whom, and what stands where: the house's plan, read from its manifests and sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::module_circles::{Module, circles};

/// Every crate of the workspace and the crates of the workspace that it uses. Along the chain
/// `types <- domain <- services <- server` and `db <- broker <- services` a crate may also name what
/// is further below.
const EDGES: [(&str, &[&str]); 18] = [
    ("types", &[]),
    ("domain", &["types"]),
    ("db", &[]),
    ("broker", &["db"]),
    ("services", &["broker", "db", "domain", "types"]),
    ("app", &["services", "types"]),
    (
        "server",
        &[
            "app", "broker", "carriers", "db", "domain", "gateways", "papers", "pictures",
            "services", "shopper", "types", "webhooks",
        ],
    ),
    // Tools beside the shop: one builds it and writes down what it made of the pictures, one is a shopper
    // and measures the broker by itself, one makes databases for tests, one a server for them.
    ("xtask", &["pictures", "private_postgres", "types"]),
    // Scales and encodes what the shop shows: for the build, and what staff upload.
    ("pictures", &[]),
    (
        "load",
        &["broker", "db", "domain", "services", "shopper", "types"],
    ),
    // A visitor as far as HTTP goes: the load program's, and that of the demo.
    ("shopper", &["types"]),
    // Another house's stand-in: the shop starts it and asks it over HTTP.
    ("gateways", &["types", "webhooks"]),
    // Packing slips and invoices as PDF.
    ("papers", &["types"]),
    // Another house: brings parcels, or says so.
    ("carriers", &["papers", "types", "webhooks"]),
    // How messages between houses are signed.
    ("webhooks", &[]),
    // Cuts the power in tests.
    ("powercut", &[]),
    ("scratch", &[]),
    ("private_postgres", &[]),
];

/// Crates that are there for their tests, and what those reach beyond the crate's own edges.
const TESTING: [(&str, &[&str]); 1] = [(
    "powercut",
    &["broker", "db", "gateways", "services", "types"],
)];

fn root() -> PathBuf {
    let server = Path::new(env!("CARGO_MANIFEST_DIR"));
    server.parent().expect("the workspace").to_owned()
}

/// The workspace's packages as Cargo reads them, by name.
fn packages() -> BTreeMap<String, Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(root())
        .output()
        .expect("cargo metadata");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let named = |package: &Value| (text_of(&package["name"]), package.clone());
    packages.iter().map(named).collect()
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What a package depends on; `kind` is null, "dev" or "build".
fn dependencies<'a>(package: &'a Value, kind: Option<&'a str>) -> impl Iterator<Item = &'a Value> {
    let all = package["dependencies"].as_array().expect("dependencies");
    all.iter()
        .filter(move |dependency| dependency["kind"].as_str() == kind)
}

fn names(package: &Value, kind: Option<&str>) -> BTreeSet<String> {
    dependencies(package, kind)
        .map(|dependency| text_of(&dependency["name"]))
        .collect()
}

#[derive(Debug)]
struct Source {
    /// From the workspace's root.
    path: String,
    text: String,
}

impl Source {
    /// Without comments, which may talk about what the code must not do, and without unit tests.
    fn code(&self) -> String {
        let text = self.text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = text.lines();
        lines
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn is(&self, path: &str) -> bool {
        self.path == path
    }
}

/// The Rust sources below a folder of the workspace.
fn sources(folder: &str) -> Vec<Source> {
    let root = root();
    let mut folders = vec![root.join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source");
                let path = path.strip_prefix(&root).expect("inside");
                let path = path.display().to_string();
                found.push(Source { path, text });
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has sources");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Whether `word` stands in `text` by itself: not as a part of a longer name.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !is_part(before) && !is_part(after)
    })
}

#[test]
fn crates_import_only_what_stands_below_them() {
    let packages = packages();
    let planned: BTreeSet<&str> = EDGES.iter().map(|(name, _)| *name).collect();
    let found: BTreeSet<&str> = packages.keys().map(String::as_str).collect();
    assert_eq!(found, planned, "a new crate finds its place in EDGES first");
    for (name, allowed) in EDGES {
        let mut used = names(&packages[name], None);
        used.extend(names(&packages[name], Some("build")));
        used.retain(|dependency| packages.contains_key(dependency));
        let mut allowed: BTreeSet<String> = allowed.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(used, allowed, "what {name} uses of the workspace");
        // Tests reach no further, but for their databases and what is their crate's purpose.
        let purpose = TESTING.iter().filter(|(crate_name, _)| *crate_name == name);
        allowed.extend(purpose.flat_map(|(_, reach)| reach.iter().map(|&name| name.to_owned())));
        let mut tests = names(&packages[name], Some("dev"));
        tests.retain(|dependency| packages.contains_key(dependency));
        tests.remove("scratch");
        tests.remove("private_postgres");
        // Itself, with its failpoints.
        tests.remove(name);
        assert!(
            tests.is_subset(&allowed),
            "what {name} tests with: {tests:?}"
        );
    }
}

/// The sources of a crate with the paths of their modules. A program beside a library is another crate.
fn modules(folder: &str) -> Vec<Module> {
    let src = format!("{folder}/src/");
    let sources = sources(&src);
    let has_library = sources
        .iter()
        .any(|source| source.is(&format!("{src}lib.rs")));
    let module = |source: &Source| {
        let name = source.path.strip_prefix(&src)?.strip_suffix(".rs")?;
        let path: Vec<String> = match name {
            "main" if has_library => return None,
            "main" | "lib" => Vec::new(),
            name => {
                let name = name.strip_suffix("/mod").unwrap_or(name);
                name.split('/').map(str::to_owned).collect()
            }
        };
        let text = source.text.clone();
        Some(Module { path, text })
    };
    sources.iter().filter_map(module).collect()
}

#[test]
fn files_do_not_use_one_another_in_circles() {
    let packages = packages();
    for package in packages.values() {
        let manifest = PathBuf::from(text_of(&package["manifest_path"]));
        let folder = manifest.parent().expect("a folder").strip_prefix(root());
        let folder = folder.expect("inside").display().to_string();
        let circles = circles(&modules(&folder));
        assert!(
            circles.is_empty(),
            "{folder} has circles of files: {circles:?}"
        );
    }
}

#[test]
fn the_browser_is_built_without_the_services() {
    let packages = packages();
    let app = &packages["app"];
    let services = dependencies(app, None).find(|d| d["name"] == "services");
    assert_eq!(services.expect("used")["optional"], true);
    let features = app["features"].as_object().expect("features");
    for (feature, enables) in features {
        let enables = enables.as_array().expect("a list");
        let pulls = enables
            .iter()
            .any(|what| text_of(what).contains("services"));
        let may = matches!(feature.as_str(), "ssr" | "services");
        assert!(may || !pulls, "{feature} pulls in the services");
    }
    // Views only: events, the log and SQL have no name in the app.
    for source in sources("app/src") {
        for word in ["domain", "broker", "db", "sqlx"] {
            let used = format!("{word}::");
            let named = source.code().lines().any(|line| {
                has_word(line, word) && (line.contains(&used) || line.contains("extern crate"))
            });
            assert!(!named, "{} names {word}", source.path);
        }
    }
}

#[test]
fn types_and_domain_do_no_input_or_output() {
    let packages = packages();
    for (name, allowed) in [
        (
            "types",
            ["serde", "serde_json", "strum", "thiserror", "uuid"],
        ),
        (
            "domain",
            ["serde", "serde_json", "strum", "thiserror", "types"],
        ),
    ] {
        let used = names(&packages[name], None);
        let allowed: BTreeSet<String> = allowed.map(str::to_owned).into();
        assert!(used.is_subset(&allowed), "{name} uses {used:?}");
    }
    let folders = ["app/types/src", "server/domain/src"];
    for source in folders.into_iter().flat_map(sources) {
        let code = source.code();
        for forbidden in [
            "std::fs",
            "std::io",
            "std::net",
            "std::env",
            "std::process",
            "std::thread",
            "std::time",
            "SystemTime",
            "Instant",
            "now_v7",
            "new_v4",
            "async",
            "await",
            "println",
            "tokio",
            "rand",
        ] {
            let path = &source.path;
            assert!(!has_word(&code, forbidden), "{path} names {forbidden}");
        }
    }
}

#[test]
fn the_domain_knows_no_sql() {
    for source in sources("server/domain/src") {
        let code = source.code().to_lowercase();
        for statement in [
            "select ",
            "insert into",
            "update ",
            "delete from",
            "sqlx",
            "db::",
        ] {
            let path = &source.path;
            assert!(!code.contains(statement), "{path} has {statement:?}");
        }
    }
}

#[test]
fn the_broker_knows_no_shop_noun() {
    // Not "order", which is also what a log keeps. Comments and tests count, too.
    const NOUNS: [&str; 16] = [
        "sku",
        "cart",
        "payment",
        "stock",
        "shopper",
        "checkout",
        "catalogue",
        "product",
        "price",
        "gateway",
        "inventory",
        "reservation",
        "customer",
        "order_id",
        "orderid",
        "order.",
    ];
    let sources = ["server/broker/src", "server/broker/tests"];
    for source in sources.into_iter().flat_map(sources_of) {
        let text = source.text.to_lowercase();
        for (number, line) in text.lines().enumerate() {
            for noun in NOUNS {
                let named = match noun.strip_suffix('.') {
                    // A name of an event, `"order.…`, and not the end of a sentence.
                    Some(_) => line.contains(&format!("\"{noun}")),
                    None => line
                        .split(|c: char| !c.is_alphanumeric() && c != '_')
                        .any(|word| word.trim_end_matches('s') == noun),
                };
                let line_number = number + 1;
                assert!(!named, "{}:{line_number} names {noun:?}", source.path);
            }
        }
    }
}

fn sources_of(folder: &str) -> Vec<Source> {
    sources(folder)
}

/// A service: what stands between `impl Decider for` (or `Consumer`, or `Reactor`) and the log.
fn is_service(source: &Source) -> bool {
    let code = source.code();
    ["Decider", "Consumer", "Reactor"]
        .iter()
        .any(|kind| code.contains(&format!("impl {kind} for ")))
}

#[test]
fn services_meet_only_through_events() {
    let sources = sources("server/services/src");
    let name = |source: &Source| {
        let file = Path::new(&source.path).file_stem();
        file.expect("a file").to_string_lossy().into_owned()
    };
    let services: Vec<&Source> = sources.iter().filter(|source| is_service(source)).collect();
    let names: Vec<String> = services.iter().map(|source| name(source)).collect();
    for known in ["inventory", "orders", "payment"] {
        assert!(names.iter().any(|name| name == known), "{known}: {names:?}");
    }
    for service in &services {
        let code = service.code().replace(char::is_whitespace, "");
        for other in names.iter().filter(|other| **other != name(service)) {
            for path in [
                format!("crate::{other}::"),
                format!("crate::{other};"),
                format!("super::{other}"),
            ] {
                assert!(!code.contains(&path), "{} uses {other}", service.path);
            }
            let grouped = code.contains("usecrate::{") || code.contains("usesuper::{");
            assert!(!grouped, "{}: one `use` per module", service.path);
        }
    }
    // The registry knows each of them.
    let registry = std::fs::read_to_string(root().join("server/services/src/lib.rs"));
    let registry = registry.expect("the registry");
    for name in names {
        let started = registry.lines().any(|line| {
            let line = line.trim_start();
            let registers = [".decider(", ".consumer(", ".reactor("];
            registers.iter().any(|register| line.starts_with(register))
                && line.contains(&format!("{name}::"))
        });
        assert!(started, "{name} is in the registry");
    }
}

#[test]
fn one_file_knows_which_database_it_is() {
    let folders = [
        "server/src",
        "server/broker/src",
        "server/db/src",
        "server/services/src",
    ];
    for source in folders.into_iter().flat_map(sources) {
        if source.is("server/db/src/dialect.rs") {
            continue;
        }
        let code = source.code();
        let lower = code.to_lowercase();
        for mark in [
            "dialect::sqlite",
            "dialect::postgres",
            "\"pragma ",
            "\"begin ",
            "pg_",
            "sqlite_master",
            "for update",
            "autoincrement",
            "jsonb",
        ] {
            // `Dialect::sqlite…` may be told apart from its variants by the capital letter.
            assert!(!lower.contains(mark), "{} has {mark:?}", source.path);
        }
        let driver = ["sqlx::sqlite", "sqlx::postgres", "SqlitePool", "PgPool"];
        // `Any` hears nothing: what listens is the server's own driver.
        let listens = source.is("server/db/src/listen.rs");
        for name in driver {
            assert!(
                listens || !code.contains(name),
                "{} names {name}",
                source.path
            );
        }
        let names_sqlx = has_word(&code, "sqlx") && code.contains("sqlx::");
        let is_db = source.path.starts_with("server/db/");
        assert!(is_db || !names_sqlx, "{} names sqlx", source.path);
    }
}

#[test]
fn migrations_use_only_what_both_databases_have() {
    let folder = root().join("server/db/migrations");
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a migration");
        let code: Vec<&str> = (text.lines())
            .filter(|line| !line.trim_start().starts_with("--"))
            .collect();
        let code = code.join("\n").to_lowercase();
        for forbidden in [
            "boolean",
            "integer",
            "real",
            "blob",
            "bytea",
            "timestamp",
            "uuid",
            "json",
            "serial",
            "autoincrement",
            "varchar",
        ] {
            let found = has_word(&code, forbidden);
            assert!(!found, "{} has {forbidden}", path.display());
        }
    }
}

#[test]
fn each_table_is_written_by_one_file() {
    let folders = ["server/src", "server/broker/src", "server/services/src"];
    let mut writers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in folders.into_iter().flat_map(sources) {
        let code = source.code();
        for statement in ["insert into ", "delete from ", "\"update "] {
            for (at, _) in code.match_indices(statement) {
                let rest = &code[at + statement.len()..];
                let table = rest.split(|c: char| !c.is_alphanumeric() && c != '_');
                let table = table.into_iter().next().unwrap_or_default().to_owned();
                writers
                    .entry(table)
                    .or_default()
                    .insert(source.path.clone());
            }
        }
    }
    for table in ["events", "decider_states", "orders", "carts"] {
        assert!(writers.contains_key(table), "{table} is found: {writers:?}");
    }
    for (table, files) in writers {
        assert_eq!(files.len(), 1, "{table} is written by {files:?}");
    }
}
