//! The file of a backup: lines of JSON, compressed, the same whatever database they are of.
//!
//! The first line says what it is, the last one how many rows there are and what the lines before it
//! add up to; between them each table is named and followed by its rows, one array each.

use std::io::{BufRead, Read as _, Write};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::Result;
use crate::error::Error;
use crate::hex::hex;

const FORMAT: &str = "vitrine-backup";
const VERSION: u32 = 1;
/// The longest line, in bytes: a row of this length was never written.
const LONGEST: u64 = 64 << 20;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    format: String,
    version: u32,
    /// Unix microseconds.
    pub made_at_us: i64,
    /// Of the schema.
    pub migrations: Vec<String>,
    /// Of the log.
    pub head: u64,
}

/// What one field of a row holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Cell {
    Nothing,
    Integer(i64),
    Text(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TableLine {
    pub table: String,
    pub columns: Vec<String>,
}

/// The last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct End {
    rows: u64,
    /// SHA-256 of all lines before, in hexadecimal.
    sha256: String,
}

/// A line after the first.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Line {
    Row(Vec<Cell>),
    Table(TableLine),
    End(End),
}

impl Header {
    pub fn new(made_at_us: i64, migrations: Vec<String>, head: u64) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            made_at_us,
            migrations,
            head,
        }
    }
}

fn unwritable(error: impl std::fmt::Display) -> Error {
    Error::Setting(format!("the backup cannot be written: {error}"))
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::Setting(format!("the backup cannot be read: {error}"))
}

pub(crate) struct Writer<W: Write> {
    out: GzEncoder<W>,
    digest: Sha256,
    rows: u64,
    line: Vec<u8>,
}

impl<W: Write> Writer<W> {
    pub fn begin(out: W, header: &Header) -> Result<Self> {
        let mut writer = Self {
            out: GzEncoder::new(out, Compression::default()),
            digest: Sha256::new(),
            rows: 0,
            line: Vec::new(),
        };
        writer.write(header)?;
        Ok(writer)
    }

    pub fn table(&mut self, table: &TableLine) -> Result<()> {
        self.write(table)
    }

    pub fn row(&mut self, row: &[Cell]) -> Result<()> {
        self.rows += 1;
        self.write(row)
    }

    fn write(&mut self, line: &(impl Serialize + ?Sized)) -> Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line).map_err(unwritable)?;
        self.line.push(b'\n');
        self.digest.update(&self.line);
        self.out.write_all(&self.line).map_err(unwritable)
    }

    /// Writes the last line. Answers with the number of rows.
    pub fn end(mut self) -> Result<u64> {
        let rows = self.rows;
        let sha256 = hex(&self.digest.clone().finalize());
        self.write(&End { rows, sha256 })?;
        let mut out = self.out.finish().map_err(unwritable)?;
        out.flush().map_err(unwritable)?;
        Ok(rows)
    }
}

pub(crate) struct Reader<R: BufRead> {
    lines: std::io::BufReader<GzDecoder<R>>,
    digest: Sha256,
    rows: u64,
    line: Vec<u8>,
}

impl<R: BufRead> Reader<R> {
    pub fn begin(from: R) -> Result<(Self, Header)> {
        let mut reader = Self {
            lines: std::io::BufReader::with_capacity(1 << 16, GzDecoder::new(from)),
            digest: Sha256::new(),
            rows: 0,
            line: Vec::new(),
        };
        let no_backup = |why: &dyn std::fmt::Display| {
            Error::Setting(format!(
                "this is not a backup that `server backup` made: {why}"
            ))
        };
        reader.read().map_err(|error| no_backup(&error))?;
        let header: Header =
            serde_json::from_slice(&reader.line).map_err(|error| no_backup(&error))?;
        if header.format != FORMAT {
            return Err(no_backup(&"its first line says otherwise"));
        }
        if header.version != VERSION {
            return Err(Error::Setting(format!(
                "the backup is in version {} of its format, expected {VERSION}: use the version of \
                 the shop that made it",
                header.version
            )));
        }
        reader.digest.update(&reader.line);
        Ok((reader, header))
    }

    fn read(&mut self) -> Result<()> {
        self.line.clear();
        let mut bounded = (&mut self.lines).take(LONGEST);
        bounded
            .read_until(b'\n', &mut self.line)
            .map_err(unreadable)?;
        match self.line.last() {
            Some(b'\n') => Ok(()),
            _ => Err(unreadable("it ends in the middle")),
        }
    }

    /// The next table or row; `None` at the end, when all of it is as it was written.
    pub fn next(&mut self) -> Result<Option<Line>> {
        self.read()?;
        let line: Line = serde_json::from_slice(&self.line)
            .map_err(|error| unreadable(format!("line after row {}: {error}", self.rows)))?;
        if let Line::End(end) = line {
            let found = hex(&self.digest.clone().finalize());
            if end.sha256 != found || end.rows != self.rows {
                return Err(unreadable(
                    "it is not what was written: its checksum differs",
                ));
            }
            return Ok(None);
        }
        self.digest.update(&self.line);
        self.rows += u64::from(matches!(line, Line::Row(_)));
        Ok(Some(line))
    }
}
