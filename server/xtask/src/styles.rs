//! The stylesheet: `style/main.css` and all it imports, as one minified file.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use lightningcss::{
    bundler::{Bundler, FileProvider},
    stylesheet::{MinifyOptions, ParserOptions, PrinterOptions},
    targets::{Browsers, Targets},
};

/// The oldest browsers the sheet is written for, all of them from the first half of 2024. They know
/// nesting, `light-dark()`, `oklch()`, `:has()` and `@layer`, so nothing is rewritten to fake those.
const BROWSERS: Browsers = Browsers {
    android: Some(version(123, 0)),
    chrome: Some(version(123, 0)),
    edge: Some(version(123, 0)),
    firefox: Some(version(128, 0)),
    ie: None,
    ios_saf: Some(version(17, 5)),
    opera: None,
    safari: Some(version(17, 5)),
    samsung: None,
};

/// Lightning CSS packs a version as one byte each of major, minor and patch.
const fn version(major: u32, minor: u32) -> u32 {
    major << 16 | minor << 8
}

pub fn bundle(entry: &Path) -> Result<String> {
    let files = FileProvider::new();
    let targets = Targets::from(BROWSERS);
    let mut bundler = Bundler::new(&files, None, ParserOptions::default());
    // The errors borrow the sources, so they are turned to text while those live.
    let mut sheet = bundler
        .bundle(entry)
        .map_err(|error| anyhow!("{error}"))
        .with_context(|| entry.display().to_string())?;
    sheet
        .minify(MinifyOptions {
            targets,
            ..MinifyOptions::default()
        })
        .map_err(|error| anyhow!("{error}"))
        .with_context(|| entry.display().to_string())?;
    let printed = sheet
        .to_css(PrinterOptions {
            minify: true,
            targets,
            ..PrinterOptions::default()
        })
        .map_err(|error| anyhow!("{error}"))
        .with_context(|| entry.display().to_string())?;
    Ok(printed.code)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn imports_are_pulled_in_and_modern_css_stays() -> Result<()> {
        let folder = tempfile::tempdir()?;
        fs::write(
            folder.path().join("main.css"),
            "@import './tokens.css';\nh1 { & b { margin: 0px } }",
        )?;
        fs::write(
            folder.path().join("tokens.css"),
            ":root { color: light-dark(#000, #fff) }",
        )?;
        assert_eq!(
            bundle(&folder.path().join("main.css"))?,
            ":root{color:light-dark(#000,#fff)}h1 b{margin:0}"
        );
        Ok(())
    }

    #[test]
    fn an_error_names_the_file_and_the_place() -> Result<()> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("main.css"), "@import './gone.css';")?;
        let error = bundle(&folder.path().join("main.css")).expect_err("an import is missing");
        assert!(format!("{error:#}").contains("main.css"), "{error:#}");
        Ok(())
    }
}
