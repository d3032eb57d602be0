//! How a command says what it found: in words, or for programs.

use std::io::Write;

use clap::Args;
use serde::Serialize;

#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Format {
    /// As JSON, one object per line
    #[arg(long)]
    json: bool,
}

impl Format {
    /// Writes one object per line, if that is asked for, and says whether it was.
    pub fn wrote(self, rows: &[impl Serialize], out: &mut impl Write) -> anyhow::Result<bool> {
        if self.json {
            for row in rows {
                writeln!(out, "{}", serde_json::to_string(row)?)?;
            }
        }
        Ok(self.json)
    }
}
