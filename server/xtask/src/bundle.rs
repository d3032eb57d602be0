//! The site: `target/site` with the browser bundle in `pkg/<hash>/` and the pictures in `pictures/`.
//!
//! The folder carries the hash, not the files: their names stay what they are, links between them
//! stay relative, and everything below a hash can be cached for ever. `pkg/current` names the hash
//! that the server puts into its pages.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use anyhow::{Context as _, Result};
use types::pictures::FOLDER;

use crate::{
    compress::{beside_all, is_compressible},
    content_hash::ContentHash,
    pictures, public, sizes, steps, styles, tools, wasm,
    workspace::{Mode, Workspace, files_below},
};

/// Entries in `style/`, and what pages know each as: the shop's and, beside it, that of a category,
/// of a product, of the checkout and of the admin.
const STYLESHEETS: [(&str, &str); 7] = [
    ("main.css", "app.css"),
    ("till.css", "till.css"),
    ("shelf.css", "shelf.css"),
    ("paper.css", "paper.css"),
    ("piece.css", "piece.css"),
    ("read.css", "read.css"),
    ("desk.css", "desk.css"),
];
const CURRENT: &str = "current";
/// Inside a bundle's folder: the hash of what it was made of.
const INPUTS: &str = ".inputs";

/// Brings the site up to date and returns its folder.
pub fn build(workspace: &Workspace, mode: Mode) -> Result<PathBuf> {
    tools::ensure_wasm_target(workspace)?;
    let module_path = steps::loud("browser app", || wasm::compile(workspace, mode))?;
    // Two builds at once would step on each other's folders, and one of them would be in vain.
    let _only_one = lock(workspace)?;
    let site = workspace.site();
    let pkg = site.join("pkg");
    fs::create_dir_all(&pkg).with_context(|| format!("make {}", pkg.display()))?;

    let public_files = workspace.root.join("app/public");
    let picture_folder = site.join(FOLDER);
    let pictures = steps::counted("pictures", || {
        let built = pictures::build(&public_files.join("images"), &picture_folder)?;
        Ok((built.pictures, built.encoded))
    })?;
    let tints = pictures::tint_styles(&pictures);

    let module =
        fs::read(&module_path).with_context(|| format!("read {}", module_path.display()))?;
    let inputs = inputs(workspace, &module, &tints, mode)?;
    let current = current(&pkg);
    let bundle = if current
        .as_ref()
        .is_some_and(|folder| is_made_of(folder, &inputs))
    {
        steps::up_to_date("browser bundle");
        current.context("the current bundle")?
    } else {
        steps::quiet("browser bundle", || {
            let next = pkg.join(".next");
            let name = assemble(workspace, &module, &tints, &next, &inputs, mode)?;
            publish(&pkg, &next, &name)
        })?
    };

    steps::quiet("static files", || {
        public::sync(&public_files, &site, &[&pkg, &picture_folder], mode)
    })?;
    if mode == Mode::Release {
        sizes::check(&bundle)?;
    }
    Ok(site)
}

fn lock(workspace: &Workspace) -> Result<File> {
    let path = workspace.target.join("xtask.lock");
    let file = File::create(&path).with_context(|| format!("create {}", path.display()))?;
    file.lock()
        .with_context(|| format!("wait for {}", path.display()))?;
    Ok(file)
}

/// The hash of all that a bundle is made of, this program included.
fn inputs(workspace: &Workspace, module: &[u8], tints: &str, mode: Mode) -> Result<String> {
    let mut hash = ContentHash::default();
    hash.add("module", module);
    hash.add("tints", tints.as_bytes());
    hash.add_folder(&workspace.root.join("style"))?;
    hash.add(
        "mode",
        if mode == Mode::Release {
            b"release"
        } else {
            b"dev"
        },
    );
    // Another xtask may bundle in another way. Its time will do: reading it all would take longer.
    let this = std::env::current_exe()
        .and_then(|path| path.metadata())
        .context("look at this program")?;
    let built = this
        .modified()
        .context("look at this program")?
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    hash.add("xtask", &built.as_nanos().to_le_bytes());
    Ok(hash.finish())
}

/// Makes a bundle in `folder` and returns the name its content gives it.
fn assemble(
    workspace: &Workspace,
    module: &[u8],
    tints: &str,
    folder: &Path,
    inputs: &str,
    mode: Mode,
) -> Result<String> {
    if folder.exists() {
        fs::remove_dir_all(folder).context("remove an unfinished bundle")?;
    }
    fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    wasm::package(module, folder, mode)?;
    for (entry, sheet) in STYLESHEETS {
        let mut rules = styles::bundle(&workspace.root.join("style").join(entry))?;
        if entry == "main.css" {
            rules += tints;
        }
        fs::write(folder.join(sheet), rules).context("write a stylesheet")?;
    }
    let mut hash = ContentHash::default();
    hash.add_folder(folder)?;
    // Part of the name though not of the content: a dev build must not pass for a release build.
    hash.add(
        "mode",
        if mode == Mode::Release {
            b"release"
        } else {
            b"dev"
        },
    );
    let files: Vec<_> = files_below(folder)?
        .into_iter()
        .filter(|file| is_compressible(file))
        .collect();
    beside_all(&files, mode)?;
    fs::write(folder.join(INPUTS), inputs).context("write down what the bundle is made of")?;
    Ok(hash.finish())
}

/// Moves a finished bundle to its place and makes it the current one. The one before it stays, for
/// pages that were loaded from a server which has since been replaced.
fn publish(pkg: &Path, next: &Path, name: &str) -> Result<PathBuf> {
    let previous = current(pkg);
    let folder = pkg.join(name);
    if folder.exists() {
        // The same content was built before, perhaps out of other inputs.
        fs::rename(next.join(INPUTS), folder.join(INPUTS))
            .context("note what the bundle is made of")?;
        fs::remove_dir_all(next).context("remove a bundle that exists already")?;
    } else {
        fs::rename(next, &folder)
            .with_context(|| format!("move the bundle to {}", folder.display()))?;
    }
    // By way of a rename, so that a starting server reads either the old name or the new one.
    let draft = pkg.join(".current");
    fs::write(&draft, name).context("name the current bundle")?;
    fs::rename(&draft, pkg.join(CURRENT)).context("name the current bundle")?;

    if previous.as_ref() != Some(&folder) {
        for entry in pkg.read_dir().context("look for old bundles")? {
            let path = entry.context("look for old bundles")?.path();
            if path.is_dir() && path != folder && Some(&path) != previous.as_ref() {
                fs::remove_dir_all(&path).with_context(|| format!("remove {}", path.display()))?;
            }
        }
    }
    Ok(folder)
}

fn current(pkg: &Path) -> Option<PathBuf> {
    let name = fs::read_to_string(pkg.join(CURRENT)).ok()?;
    let folder = pkg.join(name.trim());
    (!name.trim().is_empty() && folder.is_dir()).then_some(folder)
}

fn is_made_of(folder: &Path, inputs: &str) -> bool {
    fs::read_to_string(folder.join(INPUTS)).is_ok_and(|noted| noted == inputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publish_one(pkg: &Path, name: &str, inputs: &str) -> Result<PathBuf> {
        let next = pkg.join(".next");
        fs::create_dir_all(&next)?;
        fs::write(next.join(INPUTS), inputs)?;
        publish(pkg, &next, name)
    }

    #[test]
    fn the_current_bundle_and_the_one_before_it_stay() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let pkg = folder.path();
        for name in ["one", "two", "three"] {
            publish_one(pkg, name, name)?;
        }
        assert_eq!(fs::read_to_string(pkg.join(CURRENT))?, "three");
        assert!(!pkg.join("one").exists());
        assert!(pkg.join("two").is_dir());
        assert!(!pkg.join(".next").exists());

        publish_one(pkg, "three", "other inputs")?;
        assert!(
            pkg.join("two").is_dir(),
            "the same content again replaces nothing"
        );
        assert!(is_made_of(&pkg.join("three"), "other inputs"));
        assert_eq!(current(pkg), Some(pkg.join("three")));
        Ok(())
    }

    #[test]
    fn a_name_without_a_folder_is_no_bundle() -> Result<()> {
        let folder = tempfile::tempdir()?;
        assert_eq!(current(folder.path()), None);
        fs::write(folder.path().join(CURRENT), "gone")?;
        assert_eq!(current(folder.path()), None);
        fs::write(folder.path().join(CURRENT), "")?;
        assert_eq!(current(folder.path()), None);
        Ok(())
    }
}
