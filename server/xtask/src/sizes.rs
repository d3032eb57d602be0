//! What a page costs: a table of sizes, and the budget that the shopper's first page must keep.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use crate::{compress::with_ending, wasm::OUTPUT_NAME, workspace::files_below};

/// The script and WASM of a shopper's first page must stay **below** this many bytes, as Brotli sends
/// them. Lazy chunks do not count here: front page and categories never ask for them, and what whole
/// pages weigh is measured in a browser (`end2end/weight.spec.ts`).
const FIRST_PAGE_BUDGET: u64 = 125_000;

#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Size {
    raw: u64,
    brotli: u64,
    gzip: u64,
}

impl Size {
    fn of(file: &Path) -> Result<Self> {
        let length = |path: PathBuf| -> Result<u64> {
            Ok(path
                .metadata()
                .with_context(|| format!("measure {}", path.display()))?
                .len())
        };
        Ok(Self {
            raw: length(file.to_path_buf())?,
            brotli: length(with_ending(file, "br"))?,
            gzip: length(with_ending(file, "gz"))?,
        })
    }

    fn plus(self, other: Self) -> Self {
        Self {
            raw: self.raw + other.raw,
            brotli: self.brotli + other.brotli,
            gzip: self.gzip + other.gzip,
        }
    }
}

/// When a browser fetches a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Load {
    FirstPage,
    Lazy,
}

/// Scripts are imported statically, chunks on demand. Anything else is neither script nor WASM.
fn load(file: &Path) -> Option<Load> {
    let stem = file.file_stem()?.to_str()?;
    match file.extension()?.to_str()? {
        "js" => Some(Load::FirstPage),
        "wasm" if stem == OUTPUT_NAME => Some(Load::FirstPage),
        "wasm" => Some(Load::Lazy),
        _ => None,
    }
}

/// Prints the sizes of a bundle and fails when the shopper's first page is over its budget.
pub fn check(bundle: &Path) -> Result<()> {
    let mut first_page = Vec::new();
    let mut lazy = Vec::new();
    for file in files_below(bundle)? {
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        match load(&file) {
            Some(Load::FirstPage) => first_page.push((name, Size::of(&file)?)),
            Some(Load::Lazy) if fs::metadata(&file).is_ok_and(|chunk| chunk.len() > 0) => {
                lazy.push((name, Size::of(&file)?));
            }
            Some(Load::Lazy) | None => {}
        }
    }
    let total = first_page
        .iter()
        .fold(Size::default(), |sum, (_, size)| sum.plus(*size));

    print_row("bytes", ["raw", "Brotli", "gzip"].map(str::to_owned));
    for (name, size) in &first_page {
        print_size(name, *size);
    }
    print_size("shopper's first page", total);
    for (name, size) in &lazy {
        print_size(&format!("lazy: {name}"), *size);
    }
    within_budget(total.brotli)
}

fn within_budget(brotli: u64) -> Result<()> {
    if brotli >= FIRST_PAGE_BUDGET {
        bail!(
            "the shopper's script and WASM take {} bytes in Brotli and must stay below {}",
            grouped(brotli),
            grouped(FIRST_PAGE_BUDGET)
        );
    }
    Ok(())
}

fn print_size(name: &str, size: Size) {
    print_row(name, [size.raw, size.brotli, size.gzip].map(grouped));
}

fn print_row(name: &str, [raw, brotli, gzip]: [String; 3]) {
    println!("  {:<48}{raw:>12}{brotli:>12}{gzip:>12}", shortened(name));
}

/// Chunk names end in a long number that tells a reader nothing.
fn shortened(name: &str) -> String {
    const WIDTH: usize = 46;
    if name.chars().count() <= WIDTH {
        return name.to_owned();
    }
    name.chars().take(WIDTH - 1).chain(['…']).collect()
}

/// 1234567 as "1,234,567".
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_a_limit_to_stay_below() {
        assert!(within_budget(FIRST_PAGE_BUDGET - 1).is_ok());
        let error = within_budget(FIRST_PAGE_BUDGET).expect_err("at the limit is too much");
        assert!(error.to_string().contains("125,000"), "{error}");
    }

    #[test]
    fn scripts_and_the_main_module_are_the_first_page() {
        assert_eq!(load(Path::new("app.js")), Some(Load::FirstPage));
        assert_eq!(
            load(Path::new("__wasm_split.______________________.js")),
            Some(Load::FirstPage)
        );
        assert_eq!(load(Path::new("app.wasm")), Some(Load::FirstPage));
        assert_eq!(load(Path::new("chunk_0.wasm")), Some(Load::Lazy));
        assert_eq!(load(Path::new("app.css")), None);
        assert_eq!(load(Path::new("app.wasm.br")), None);
    }

    #[test]
    fn a_heavy_lazy_chunk_does_not_break_the_budget() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let write = |name: &str, brotli: usize| -> Result<()> {
            fs::write(folder.path().join(name), "x")?;
            fs::write(folder.path().join(format!("{name}.br")), vec![0; brotli])?;
            fs::write(folder.path().join(format!("{name}.gz")), "")?;
            Ok(())
        };
        write("app.js", 10_000)?;
        write("app.wasm", 100_000)?;
        write("split_admin.wasm", 900_000)?;
        check(folder.path())?;
        write("app.wasm", 115_000)?;
        assert!(check(folder.path()).is_err());
        Ok(())
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
