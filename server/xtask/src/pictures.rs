//! Pictures in the sizes and formats that pages ask for: `app/public/images` becomes `target/site/pictures`.
//!
//! A file's name carries a hash of its source and of how it was encoded, so that browsers keep it for
//! ever, and the next build leaves alone what is there.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use anyhow::{Context as _, Result, anyhow};
use pictures::{Encoded, Picture, share_size, widths};
use types::pictures::{BuiltPicture, MANIFEST, Pictures};

use crate::{content_hash::ContentHash, workspace::files_below};

/// What was made of the pictures.
pub struct Built {
    pub pictures: Pictures,
    /// How many of them were not there yet.
    pub encoded: usize,
}

/// Makes what is missing in `folder` of the pictures below `images`, which pages know as `/images/…`.
pub fn build(images: &Path, folder: &Path) -> Result<Built> {
    fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let sources: Vec<PathBuf> = match images.is_dir() {
        true => files_below(images)?
            .into_iter()
            .filter(|file| is_picture(file))
            .collect(),
        false => Vec::new(),
    };
    let (next, encoded) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let worker = || {
        let mut built = Vec::new();
        while let Some(source) = sources.get(next.fetch_add(1, Ordering::Relaxed)) {
            let address = address(images, source)?;
            let (picture, is_new) = build_one(source, &address, folder)
                .with_context(|| format!("the picture {}", source.display()))?;
            encoded.fetch_add(usize::from(is_new), Ordering::Relaxed);
            built.push((address, picture));
        }
        Ok::<_, anyhow::Error>(built)
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let pictures = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        let mut pictures = HashMap::new();
        for worker in workers {
            let built = worker
                .join()
                .map_err(|_| anyhow!("an encoding thread panicked"))?;
            pictures.extend(built?);
        }
        Ok::<_, anyhow::Error>(Pictures(pictures))
    })?;
    publish(folder, &pictures)?;
    Ok(Built {
        pictures,
        encoded: encoded.into_inner(),
    })
}

fn is_picture(file: &Path) -> bool {
    let ending = file.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ["jpeg", "jpg", "png", "webp"].contains(&ending))
}

/// Where the source itself is found: `/images/ring.webp`.
fn address(images: &Path, source: &Path) -> Result<String> {
    let name = source
        .strip_prefix(images)
        .context("a picture outside its folder")?;
    let parts = name.iter().map(|part| part.to_string_lossy());
    Ok(format!("/images/{}", parts.collect::<Vec<_>>().join("/")))
}

/// A picture and whether it had to be made. Its note is written last: where it stands, all of its files do.
fn build_one(source: &Path, address: &str, folder: &Path) -> Result<(BuiltPicture, bool)> {
    let content = fs::read(source)?;
    let mut hash = ContentHash::default();
    // With the address, so that equal pictures in two folders do not write to one file.
    hash.add(address, &content);
    hash.add("recipe", pictures::recipe().as_bytes());
    let stem = source.file_stem().unwrap_or_default().to_string_lossy();
    let mut hash = hash.finish();
    // Each page names some hundred files. It only has to tell a picture from those before it.
    hash.truncate(8);
    let name = format!("{}-{hash}", plain(&stem));
    let note = folder.join(note_name(&name));
    if let Ok(noted) = fs::read(&note)
        && let Ok(picture) = serde_json::from_slice::<BuiltPicture>(&noted)
        && picture.files().all(|file| folder.join(file).is_file())
    {
        return Ok((picture, false));
    }
    let original = Picture::decode(&content)?;
    let picture = BuiltPicture {
        tint: original.tint(),
        widths: widths(original.width(), original.height()),
        share: share_size(&original),
        name,
    };
    for file in pictures::encoded(&original) {
        let Encoded { ending, content } = file?;
        write(&folder.join(format!("{}-{ending}", picture.name)), &content)?;
    }
    write(&note, &serde_json::to_vec(&picture)?)?;
    Ok((picture, true))
}

fn note_name(picture: &str) -> String {
    format!("{picture}.json")
}

/// What is safe in an address and in a `srcset`, where commas and spaces divide.
fn plain(stem: &str) -> String {
    let plain = |c: char| match c.is_ascii_alphanumeric() {
        true => c.to_ascii_lowercase(),
        false => '-',
    };
    stem.chars().map(plain).collect()
}

/// By way of a rename: a build that is interrupted leaves no half a picture.
fn write(file: &Path, content: &[u8]) -> Result<()> {
    let draft = file.with_extension("draft");
    fs::write(&draft, content)
        .and_then(|()| fs::rename(&draft, file))
        .with_context(|| format!("write {}", file.display()))
}

/// Names the current pictures, and removes what neither they nor those before them consist of: pages
/// that are open may still ask for those.
fn publish(folder: &Path, pictures: &Pictures) -> Result<()> {
    let manifest = folder.join(MANIFEST);
    let before = fs::read(&manifest).ok();
    let before = before
        .and_then(|text| serde_json::from_slice::<Pictures>(&text).ok())
        .unwrap_or_default();
    if before == *pictures {
        return Ok(());
    }
    let kept: HashSet<String> = (before.0.values().chain(pictures.0.values()))
        .flat_map(|picture| picture.files().chain([note_name(&picture.name)]))
        .collect();
    write(&manifest, &serde_json::to_vec(pictures)?)?;
    for file in files_below(folder)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if name != MANIFEST && !kept.contains(&*name) {
            fs::remove_file(&file).with_context(|| format!("remove {}", file.display()))?;
        }
    }
    Ok(())
}

/// The rules of all dominant colours, for the end of the stylesheet.
pub fn tint_styles(pictures: &Pictures) -> String {
    let mut tints: Vec<&str> = pictures.0.values().map(|p| p.tint.as_str()).collect();
    tints.sort_unstable();
    tints.dedup();
    let rules = tints
        .iter()
        .map(|tint| format!(".tint-{tint}{{background-color:#{tint}}}"));
    format!("@layer pages{{{}}}", rules.collect::<String>())
}

#[cfg(test)]
mod tests {
    use types::pictures::Format;

    use super::*;

    fn picture(folder: &Path, name: &str, size: (u32, u32), colour: [u8; 3]) -> Result<()> {
        fs::create_dir_all(folder)?;
        let picture = Picture::plain(size.0, size.1, colour);
        fs::write(folder.join(name), picture.jpeg(95)?)?;
        Ok(())
    }

    #[test]
    fn a_picture_is_made_once_and_follows_its_source() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let (images, site) = (folder.path().join("images"), folder.path().join("site"));
        picture(&images, "A ring,1.jpg", (400, 500), [237, 220, 204])?;
        let built = build(&images, &site)?;
        assert_eq!(built.encoded, 1);
        let ring = built.pictures.get("/images/A ring,1.jpg");
        let ring = ring.expect("the picture").clone();
        assert_eq!(ring.widths, [160, 360, 400]);
        assert_eq!((ring.tint.as_str(), ring.share), ("edc", (400, 500)));
        assert!(ring.name.starts_with("a-ring-1-"), "{}", ring.name);
        for file in ring.files() {
            let encoded = fs::read(site.join(&file))?;
            let magic: &[u8] = match file.rsplit('.').next() {
                Some("avif") => b"ftypavif",
                Some("webp") => b"WEBPVP8 ",
                _ => b"JFIF",
            };
            let found = encoded.windows(magic.len()).take(16).any(|w| w == magic);
            assert!(found, "{file}");
        }
        assert_eq!(build(&images, &site)?.encoded, 0, "there is nothing to do");

        picture(&images, "A ring,1.jpg", (400, 500), [20, 20, 20])?;
        let other = build(&images, &site)?;
        assert_eq!(other.encoded, 1);
        let other = other.pictures.0.values().next().expect("it").clone();
        assert_ne!(other.name, ring.name);
        let is_there = |picture: &BuiltPicture| picture.files().all(|f| site.join(f).is_file());
        assert!(is_there(&ring), "for pages that are open");
        picture(&images, "A ring,1.jpg", (400, 500), [120, 20, 20])?;
        build(&images, &site)?;
        assert!(!is_there(&ring), "two builds later nobody asks for it");
        assert!(is_there(&other));
        Ok(())
    }

    #[test]
    fn what_was_interrupted_is_made_again() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let (images, site) = (folder.path().join("images"), folder.path().join("site"));
        picture(&images, "ring.jpg", (200, 100), [0, 0, 0])?;
        let built = build(&images, &site)?;
        let ring = built.pictures.get("/images/ring.jpg").expect("it").clone();
        assert_eq!(ring.widths, [200], "never wider than it is");
        fs::remove_file(site.join(ring.file(200, Format::WebP)))?;
        assert_eq!(build(&images, &site)?.encoded, 1);
        assert!(site.join(ring.file(200, Format::WebP)).is_file());
        Ok(())
    }
}
