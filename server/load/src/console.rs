//! What a person sees: progress on stderr while it runs, results on stdout.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing measurements is what this program is for"
)]

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

/// A bar on stderr; none where that is not a terminal.
#[derive(Debug, Clone)]
pub struct Progress(ProgressBar);

impl Progress {
    pub fn new(name: &str, count: u64) -> Self {
        let bar = ProgressBar::new(count)
            .with_message(name.to_owned())
            .with_finish(ProgressFinish::AndClear);
        if let Ok(style) = ProgressStyle::with_template("{msg:18} {wide_bar} {pos}/{len} {per_sec}")
        {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub fn step(&self) {
        self.0.inc(1);
    }
}

/// One line on stderr about what is happening now.
pub fn note(text: &str) {
    eprintln!("▸ {text}");
}

/// A result, on stdout.
pub fn print(text: &str) {
    print!("{text}");
}

/// Why the program failed, on stderr.
pub fn print_error(error: &anyhow::Error) {
    eprintln!("load: {error:#}");
}
