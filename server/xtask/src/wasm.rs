//! The app for the browser: compiled, split into the shopper's part and lazy chunks, and wrapped in
//! the script that loads it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, anyhow};
use wasm_bindgen_cli_support::Bindgen;

use crate::{
    tools::{WASM_TARGET, run},
    workspace::{Mode, Workspace, files_below},
};

/// The base name of what pages ask for, the same as `LEPTOS_OUTPUT_NAME` in `.cargo/config.toml`.
/// Leptos' `HydrationScripts` builds `/pkg/<hash>/app.js` and `app.wasm` from it.
pub const OUTPUT_NAME: &str = "app";

/// The script that loads chunks. Leptos expects this very name when file names carry no hashes.
const SPLIT_SCRIPT: &str = "./__wasm_split.______________________.js";
/// Which chunk needs which others; Leptos reads it to preload what a page was rendered with.
const SPLIT_MANIFEST: &str = "__wasm_split_manifest.json";

/// Compiles the app and returns the unsplit module.
pub fn compile(workspace: &Workspace, mode: Mode) -> Result<PathBuf> {
    let (profile, folder) = match mode {
        Mode::Release => ("wasm-release", "wasm-release"),
        Mode::Dev => ("dev", "debug"),
    };
    let mut cargo = workspace.cargo();
    cargo.args([
        "rustc",
        "--package",
        "app",
        "--lib",
        "--crate-type",
        "cdylib",
        "--target",
        WASM_TARGET,
    ]);
    cargo.args(["--profile", profile, "--features", "hydrate", "--"]);
    // Splitting moves functions between modules and so needs the linker's notes on who refers to
    // whom. Given here and not in RUSTFLAGS, the option does not rebuild every dependency.
    cargo.arg("-Clink-args=--emit-relocs");
    run(&mut cargo)?;
    Ok(workspace
        .target
        .join(WASM_TARGET)
        .join(folder)
        .join("app.wasm"))
}

/// Writes script, main module and chunks into `folder`.
pub fn package(module: &[u8], folder: &Path, mode: Mode) -> Result<()> {
    let unbound = split(module, folder)?;
    Bindgen::new()
        .input_path(&unbound)
        .out_name(OUTPUT_NAME)
        .web(true)
        .context("choose the browser's module format")?
        .typescript(false)
        // Leptos always says where the module lies.
        .omit_default_module_path(true)
        // The chunks import what the main module's linker exported.
        .keep_lld_exports(true)
        .remove_name_section(mode == Mode::Release)
        .remove_producers_section(true)
        .generate(folder)
        .context("generate the script (wasm-bindgen)")?;
    fs::remove_file(&unbound).context("remove the module as it was before wasm-bindgen")?;
    if mode == Mode::Release {
        strip_chunks(folder)?;
    }
    // wasm-bindgen adds `_bg`, which Leptos does not ask for once LEPTOS_OUTPUT_NAME is set.
    let generated = folder.join(format!("{OUTPUT_NAME}_bg.wasm"));
    fs::rename(&generated, folder.join(format!("{OUTPUT_NAME}.wasm")))
        .with_context(|| format!("rename {}", generated.display()))
}

/// Takes the names of functions out of the chunks, as wasm-bindgen does with the main module: they
/// are three quarters of a chunk and say nothing to a browser.
fn strip_chunks(folder: &Path) -> Result<()> {
    for file in files_below(folder)? {
        if file
            .extension()
            .is_some_and(|extension| extension == "wasm")
        {
            let chunk = fs::read(&file).with_context(|| format!("read {}", file.display()))?;
            if let Some(stripped) = without_custom_sections(&chunk) {
                fs::write(&file, stripped).with_context(|| format!("write {}", file.display()))?;
            }
        }
    }
    Ok(())
}

/// A module without its custom sections, which by the specification mean nothing to its execution;
/// `None` when this is no module.
///
/// Source: WebAssembly Core Specification, 5.5 Modules: a module is magic and version (8 bytes), then
/// sections, each an id byte, its length as LEB128, and its content; id 0 is custom.
fn without_custom_sections(module: &[u8]) -> Option<Vec<u8>> {
    const HEADER: usize = 8;
    let mut kept = module.get(..HEADER)?.to_vec();
    let mut rest = module.get(HEADER..)?;
    while let Some((id, after_id)) = rest.split_first() {
        let digits = after_id.iter().position(|byte| byte & 0x80 == 0)? + 1;
        let length = after_id[..digits]
            .iter()
            .rev()
            .try_fold(0_usize, |length, byte| {
                length.checked_mul(128)?.checked_add((byte & 0x7f).into())
            })?;
        let size = digits.checked_add(length)?.checked_add(1)?;
        let section = rest.get(..size)?;
        if *id != 0 {
            kept.extend_from_slice(section);
        }
        rest = &rest[size..];
    }
    Some(kept)
}

/// Takes what only `#[lazy]` code needs out of the module, and returns the rest.
fn split(module: &[u8], folder: &Path) -> Result<PathBuf> {
    let rest = folder.join("unbound.wasm");
    let script = format!("./{OUTPUT_NAME}.js");
    let mut options = wasm_split_cli_support::Options::new(module);
    options.output_dir = folder;
    options.main_out_path = &rest;
    options.link_name = SPLIT_SCRIPT;
    options.main_module = &script;
    let split = wasm_split_cli_support::transform(options)
        .map_err(|error| anyhow!("{error:#}"))
        .context("split the module into chunks")?;
    let manifest = serde_json::to_vec(&split.prefetch_map).context("write down the chunks")?;
    fs::write(folder.join(SPLIT_MANIFEST), manifest).context("write down the chunks")?;
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_sections_go_and_the_others_stay() {
        let header = *b"\0asm\x01\0\0\0";
        let types = [1, 1, 0];
        // Its length is written with two bytes, as linkers do to fill it in later.
        let names = [0, 0x85, 0x00, 4, b'n', b'a', b'm', b'e'];
        let code = [10, 1, 0];
        let module = [&header[..], &types, &names, &code].concat();
        let expected = [&header[..], &types, &code].concat();
        assert_eq!(without_custom_sections(&module), Some(expected));
        assert_eq!(without_custom_sections(&module[..14]), None, "cut short");
        assert_eq!(without_custom_sections(b"wasm"), None);
    }
}
