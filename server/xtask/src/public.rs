//! `app/public` as the server hands it out: copied, text compressed, what is gone from the source removed.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::{
    compress::{beside_all, is_compressible, with_ending},
    workspace::{Mode, files_below},
};

/// Brings `site` up to date with `public` and tells how many files that took. Whatever stands under
/// `keep`, the folders of the bundle and of the built pictures, is left alone.
pub fn sync(public: &Path, site: &Path, keep: &[&Path], mode: Mode) -> Result<usize> {
    fs::create_dir_all(site).with_context(|| format!("make {}", site.display()))?;
    let sources = if public.is_dir() {
        files_below(public)?
    } else {
        Vec::new()
    };
    let mut wanted = HashSet::new();
    let mut stale = Vec::new();
    let mut copied = 0;
    for source in sources {
        let copy = site.join(
            source
                .strip_prefix(public)
                .context("a file outside its folder")?,
        );
        wanted.insert(copy.clone());
        if is_compressible(&copy) {
            wanted.extend(["br", "gz"].map(|ending| with_ending(&copy, ending)));
        }
        if !is_current(&source, &copy)? {
            if let Some(folder) = copy.parent() {
                fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
            }
            fs::copy(&source, &copy).with_context(|| format!("copy {}", source.display()))?;
            copied += 1;
            if is_compressible(&copy) {
                stale.push(copy);
            }
        }
    }
    beside_all(&stale, mode)?;
    remove_others(site, keep, &wanted)?;
    Ok(copied)
}

/// A copy is current when it is no older than its source, as long, and has its compressed copies.
fn is_current(source: &Path, copy: &Path) -> Result<bool> {
    let Ok(made) = copy.metadata() else {
        return Ok(false);
    };
    let from = source
        .metadata()
        .with_context(|| format!("read {}", source.display()))?;
    let newer = made.modified().context("read a file's time")?
        >= from.modified().context("read a file's time")?;
    let compressed = !is_compressible(copy)
        || ["br", "gz"]
            .iter()
            .all(|ending| with_ending(copy, ending).is_file());
    Ok(newer && made.len() == from.len() && compressed)
}

fn remove_others(site: &Path, keep: &[&Path], wanted: &HashSet<PathBuf>) -> Result<()> {
    for file in files_below(site)? {
        if !keep.iter().any(|folder| file.starts_with(folder)) && !wanted.contains(file.as_path()) {
            fs::remove_file(&file).with_context(|| format!("remove {}", file.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_once_and_follows_the_source() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let (public, site) = (folder.path().join("public"), folder.path().join("site"));
        let keep = site.join("pkg");
        fs::create_dir_all(public.join("img"))?;
        fs::create_dir_all(&keep)?;
        fs::write(keep.join("current"), "abc")?;
        fs::write(public.join("robots.txt"), "User-agent: *")?;
        fs::write(public.join("img/a.webp"), [1, 2, 3])?;

        assert_eq!(sync(&public, &site, &[&keep], Mode::Dev)?, 2);
        assert!(site.join("robots.txt.br").is_file());
        assert!(!site.join("img/a.webp.br").exists());
        assert_eq!(
            sync(&public, &site, &[&keep], Mode::Dev)?,
            0,
            "the second time there is nothing to do"
        );

        fs::remove_file(public.join("robots.txt"))?;
        sync(&public, &site, &[&keep], Mode::Dev)?;
        assert!(!site.join("robots.txt").exists());
        assert!(!site.join("robots.txt.gz").exists());
        assert!(
            keep.join("current").is_file(),
            "the bundle is not public's business"
        );
        Ok(())
    }
}
