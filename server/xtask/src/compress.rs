//! Brotli and gzip copies beside each text file, so that the server never compresses a file twice.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Context as _, Result, anyhow};

use crate::workspace::Mode;

/// What shrinks. Images, fonts (WOFF2 is Brotli inside) and videos do not.
const COMPRESSIBLE: [&str; 12] = [
    "css",
    "html",
    "ico",
    "js",
    "json",
    "map",
    "mjs",
    "svg",
    "txt",
    "wasm",
    "webmanifest",
    "xml",
];

/// The largest window a browser must accept.
const BROTLI_WINDOW: u32 = 24;
const BROTLI_BUFFER: usize = 64 * 1024;

pub fn is_compressible(file: &Path) -> bool {
    file.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| COMPRESSIBLE.contains(&extension))
}

/// Compresses all given files, as many at a time as there are processors.
pub fn beside_all(files: &[PathBuf], mode: Mode) -> Result<()> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let handles: Vec<_> = (0..workers)
            .map(|worker| {
                scope.spawn(move || {
                    files
                        .iter()
                        .skip(worker)
                        .step_by(workers)
                        .try_for_each(|file| beside(file, mode))
                })
            })
            .collect();
        handles.into_iter().try_for_each(|handle| {
            handle
                .join()
                .map_err(|_| anyhow!("a compressing thread panicked"))?
        })
    })
}

fn beside(file: &Path, mode: Mode) -> Result<()> {
    let content = fs::read(file).with_context(|| format!("read {}", file.display()))?;
    for (ending, compressed) in [
        ("br", brotli(&content, mode)?),
        ("gz", gzip(&content, mode)?),
    ] {
        let copy = with_ending(file, ending);
        fs::write(&copy, compressed).with_context(|| format!("write {}", copy.display()))?;
    }
    Ok(())
}

/// `app.js` and `br` make `app.js.br`, the name the server's file service looks for.
pub fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

fn brotli(content: &[u8], mode: Mode) -> Result<Vec<u8>> {
    let quality = match mode {
        Mode::Release => 11,
        Mode::Dev => 1,
    };
    let mut writer =
        brotli::CompressorWriter::new(Vec::new(), BROTLI_BUFFER, quality, BROTLI_WINDOW);
    writer.write_all(content).context("compress with Brotli")?;
    Ok(writer.into_inner())
}

fn gzip(content: &[u8], mode: Mode) -> Result<Vec<u8>> {
    let level = match mode {
        Mode::Release => flate2::Compression::best(),
        Mode::Dev => flate2::Compression::fast(),
    };
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
    encoder.write_all(content).context("compress with gzip")?;
    encoder.finish().context("compress with gzip")
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn both_copies_unpack_to_the_file() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let files: Vec<_> = (0..5)
            .map(|number| folder.path().join(format!("{number}.js")))
            .collect();
        for file in &files {
            fs::write(file, format!("// {} {}", file.display(), "x".repeat(9_000)))?;
        }
        beside_all(&files, Mode::Release)?;
        for file in &files {
            let content = fs::read(file)?;
            let mut plain = Vec::new();
            brotli::Decompressor::new(fs::File::open(with_ending(file, "br"))?, 4096)
                .read_to_end(&mut plain)?;
            assert_eq!(plain, content);
            plain.clear();
            flate2::read::GzDecoder::new(fs::File::open(with_ending(file, "gz"))?)
                .read_to_end(&mut plain)?;
            assert_eq!(plain, content);
        }
        Ok(())
    }

    #[test]
    fn only_what_shrinks_is_compressed() {
        assert!(is_compressible(Path::new("pkg/app.wasm")));
        assert!(!is_compressible(Path::new("fonts/sans.woff2")));
        assert!(!is_compressible(Path::new("app.js.br")));
        assert!(!is_compressible(Path::new("LICENSE")));
    }
}
