//! The inventory as a file, and files of counts and thresholds: what they ask for, and every line that cannot be
//! followed.
//!
//! A file that was exported can be filled in and given back: its column `on_hand` says what whoever counted has
//! seen, so that what has changed since is told.

use std::collections::HashMap;

use types::Sku;
use types::admin::{InventoryRow, Level, MAX_ON_HAND};
use types::stock_batch::{BatchLine, MAX_LINES, NewCount};
use types::stock_file::{BadLine, FileReport, MAX_FILE};

use crate::csv_fields::{line, text};
use crate::stock_batches::{wrong_count, wrong_threshold};

const SKU: &str = "sku";
const COUNTED: &str = "counted";
const ON_HAND: &str = "on_hand";
const THRESHOLD: &str = "threshold";

/// The columns of a file, in the order of an exported one.
const COLUMNS: [&str; 14] = [
    SKU,
    "title",
    "variant",
    ON_HAND,
    COUNTED,
    "allocated",
    "reserved",
    "available",
    "incoming",
    THRESHOLD,
    "waiting",
    "supplier",
    "last_moved",
    "last_movement",
];

/// Characters of a field that are told.
const TOLD: usize = 40;

/// The names of the columns.
pub fn inventory_csv_head() -> String {
    line(&COLUMNS)
}

/// A line of a SKU as it stands.
pub fn inventory_csv_line(row: &InventoryRow, level: &Level) -> String {
    let (at, how) = match level.last {
        Some(last) => {
            let at = jiff::Timestamp::from_microsecond(last.at_us);
            let at = at.map_or_else(|_| last.at_us.to_string(), |at| at.to_string());
            (at, last.kind.into_str())
        }
        None => (String::new(), ""),
    };
    line(&[
        row.sku.to_string(),
        text(&row.title),
        text(&row.variant),
        level.on_hand.to_string(),
        String::new(),
        level.allocated.to_string(),
        level.reserved.to_string(),
        level.available().to_string(),
        level.incoming.to_string(),
        level.reorder_threshold.to_string(),
        level.waiting.to_string(),
        level
            .supplier
            .as_ref()
            .map_or_else(String::new, ToString::to_string),
        at,
        how.to_owned(),
    ])
}

/// Where the columns that are read stand.
#[derive(Debug, Clone, Copy)]
struct Places {
    sku: usize,
    counted: Option<usize>,
    on_hand: Option<usize>,
    threshold: Option<usize>,
    fields: usize,
}

/// Reads a file against the stock as it is; `level` knows every SKU that is sold. Answers with what it asks for and
/// with the report, in which every line that cannot be followed stands.
pub(crate) fn read_file(
    bytes: &[u8],
    level: impl Fn(&Sku) -> Option<Level>,
) -> (Vec<BatchLine>, FileReport) {
    let mut report = FileReport::default();
    let lines = Reading {
        level,
        report: &mut report,
        seen: HashMap::new(),
    }
    .read(bytes);
    (lines, report)
}

struct Reading<'r, L> {
    level: L,
    report: &'r mut FileReport,
    /// On which line each SKU stands.
    seen: HashMap<Sku, u64>,
}

/// The text of a file, without the mark that some programs begin it with.
pub(crate) fn text_of(bytes: &[u8]) -> Result<&str, BadLine> {
    if bytes.len() > MAX_FILE {
        let expected = format!("a file of at most {MAX_FILE} bytes");
        return Err(bad(1, "", &format!("{} bytes", bytes.len()), expected));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count() as u64;
        let found = String::from_utf8_lossy(&bytes[error.valid_up_to()..]);
        bad(line, "", &found, "text in UTF-8".to_owned())
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

fn bad(line: u64, column: &str, found: &str, expected: String) -> BadLine {
    BadLine {
        line,
        column: column.to_owned(),
        found: found.chars().take(TOLD).collect(),
        expected,
    }
}

/// What stands between the fields: what the header has most of.
fn delimiter(text: &str) -> u8 {
    let head = text.lines().next().unwrap_or_default();
    let count = |sign: char| head.matches(sign).count();
    let most = [(b';', ';'), (b'\t', '\t'), (b',', ',')];
    let most = most.into_iter().max_by_key(|(_, sign)| count(*sign));
    most.map_or(b',', |(byte, _)| byte)
}

impl<L: Fn(&Sku) -> Option<Level>> Reading<'_, L> {
    fn read(mut self, bytes: &[u8]) -> Vec<BatchLine> {
        let text = match text_of(bytes) {
            Ok(text) => text,
            Err(bad) => {
                self.report.bad.push(bad);
                return Vec::new();
            }
        };
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter(text))
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let mut records = reader.records();
        let head = match records.next() {
            Some(Ok(head)) => head,
            _ => {
                let expected =
                    format!("a first line with the names of the columns, {SKU} among them");
                self.report.bad.push(bad(1, "", "", expected));
                return Vec::new();
            }
        };
        let Some(places) = self.places(&head) else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        for record in records {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    let at = error.position().map_or(0, csv::Position::line);
                    let expected = "fields that can be read".to_owned();
                    self.report
                        .bad
                        .push(bad(at, "", &error.to_string(), expected));
                    break;
                }
            };
            self.report.lines += 1;
            if self.report.lines > MAX_LINES {
                let at = record.position().map_or(0, csv::Position::line);
                let expected = format!("at most {MAX_LINES} lines");
                self.report.bad.push(bad(at, "", "more", expected));
                break;
            }
            lines.extend(self.one(&record, places));
        }
        if self.report.bad.is_empty() && lines.is_empty() {
            let expected = format!("a number in {COUNTED} or {THRESHOLD} on one line at least");
            self.report.bad.push(bad(2, "", "", expected));
        }
        lines
    }

    fn places(&mut self, head: &csv::StringRecord) -> Option<Places> {
        let names: Vec<String> = head.iter().map(str::to_lowercase).collect();
        let before = self.report.bad.len();
        for (at, name) in names.iter().enumerate() {
            if !COLUMNS.contains(&name.as_str()) {
                let expected = format!("one of {}", COLUMNS.join(", "));
                self.report.bad.push(bad(1, name, name, expected));
            } else if names[..at].contains(name) {
                let expected = "each column once".to_owned();
                self.report.bad.push(bad(1, name, name, expected));
            }
        }
        let place = |name: &str| names.iter().position(|known| known == name);
        let (counted, threshold) = (place(COUNTED), place(THRESHOLD));
        if counted.is_none() && threshold.is_none() {
            let expected = format!("a column {COUNTED}, a column {THRESHOLD}, or both");
            self.report
                .bad
                .push(bad(1, "", &names.join(", "), expected));
        }
        let sku = place(SKU);
        if sku.is_none() {
            let expected = format!("a column {SKU}");
            self.report
                .bad
                .push(bad(1, "", &names.join(", "), expected));
        }
        if self.report.bad.len() > before {
            return None;
        }
        Some(Places {
            sku: sku?,
            counted,
            on_hand: place(ON_HAND),
            threshold,
            fields: names.len(),
        })
    }

    /// What one line asks for; nothing of one that cannot be followed, which the report then has.
    fn one(&mut self, record: &csv::StringRecord, places: Places) -> Option<BatchLine> {
        let at = record.position().map_or(0, csv::Position::line);
        if record.len() != places.fields {
            let found = format!("{} fields", record.len());
            let expected = format!("{} fields, as many as the first line has", places.fields);
            self.report.bad.push(bad(at, "", &found, expected));
            return None;
        }
        let field = |place: usize| record.get(place).unwrap_or_default();
        let named = field(places.sku);
        let Ok(sku) = named.to_ascii_uppercase().parse::<Sku>() else {
            let expected = "a SKU: capitals, digits and dashes".to_owned();
            self.report.bad.push(bad(at, SKU, named, expected));
            return None;
        };
        let Some(level) = (self.level)(&sku) else {
            let expected = "a SKU of this shop".to_owned();
            self.report.bad.push(bad(at, SKU, named, expected));
            return None;
        };
        if let Some(first) = self.seen.insert(sku.clone(), at) {
            let expected = format!("each SKU once; it stands on line {first}, too");
            self.report.bad.push(bad(at, SKU, named, expected));
            return None;
        }
        let before = self.report.bad.len();
        let mut number = |place: Option<usize>, name: &str, expected: String| {
            let text = field(place?);
            if text.is_empty() {
                return None;
            }
            let number = text.parse::<i64>();
            if number.is_err() {
                self.report.bad.push(bad(at, name, text, expected));
            }
            number.ok().map(|number| (number, text))
        };
        let whole = |most: i64| format!("a whole number from 0 to {most}");
        let counted = number(places.counted, COUNTED, whole(MAX_ON_HAND));
        let most = domain::restock::MAX_THRESHOLD;
        let threshold = number(places.threshold, THRESHOLD, whole(most));
        // What stands there and is not counted matters to nobody.
        let seen = counted.and_then(|_| number(places.on_hand, ON_HAND, whole(MAX_ON_HAND)));
        let seen = seen.map(|(seen, _)| seen);
        let count = counted.map(|(on_hand, _)| NewCount::To { on_hand, seen });
        if let Some((on_hand, text)) = counted {
            let promised = level.allocated + level.reserved;
            let wrong = match count.and_then(wrong_count) {
                Some(_) => Some(whole(MAX_ON_HAND)),
                None if seen.is_some_and(|seen| seen != level.on_hand)
                    && on_hand != level.on_hand =>
                {
                    Some(format!(
                        "a count of what there is now: on_hand was {} and is {}",
                        seen.unwrap_or_default(),
                        level.on_hand
                    ))
                }
                None if on_hand < promised => Some(format!(
                    "{promised} at least: so many are promised to orders or held by checkouts"
                )),
                None => None,
            };
            if let Some(expected) = wrong {
                self.report.bad.push(bad(at, COUNTED, text, expected));
            }
        }
        if let Some((threshold, text)) = threshold
            && wrong_threshold(threshold).is_some()
        {
            self.report.bad.push(bad(at, THRESHOLD, text, whole(most)));
        }
        if self.report.bad.len() > before {
            return None;
        }
        let threshold = threshold.map(|(threshold, _)| threshold);
        // What is so already is not asked for.
        let threshold = threshold.filter(|threshold| *threshold != level.reorder_threshold);
        if let Some((on_hand, _)) = counted {
            self.report.counts += 1;
            self.report.differing += usize::from(on_hand != level.on_hand);
        }
        self.report.thresholds += usize::from(threshold.is_some());
        if count.is_none() && threshold.is_none() {
            self.report.empty += 1;
            return None;
        }
        Some(BatchLine {
            sku,
            count,
            threshold,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(sku: &Sku) -> Option<Level> {
        let (on_hand, allocated) = match sku.as_str() {
            "A" => (10, 2),
            "B" => (4, 0),
            _ => return None,
        };
        Some(Level {
            on_hand,
            allocated,
            reorder_threshold: 3,
            position: 1,
            ..Level::default()
        })
    }

    fn read(text: &str) -> (Vec<BatchLine>, FileReport) {
        read_file(text.as_bytes(), level)
    }

    fn complaints(bytes: &[u8]) -> Vec<String> {
        let (_, report) = read_file(bytes, level);
        let told = |bad: &BadLine| format!("{} {}: {}", bad.line, bad.column, bad.expected);
        report.bad.iter().map(told).collect()
    }

    fn expect(bytes: &[u8], line: u64, column: &str, words: &str) {
        let told = complaints(bytes);
        let begins = format!("{line} {column}: ");
        let found = told
            .iter()
            .any(|it| it.starts_with(&begins) && it.contains(words));
        assert!(found, "{begins}… {words} in {told:?}");
    }

    #[test]
    fn commas_semicolons_tabs_marks_quotes_and_ends_of_lines_of_every_kind_are_read() {
        for text in [
            "sku,counted,threshold\na,9,\nB,,5\n",
            "\u{feff}SKU;Counted;Threshold\r\nA;9;\r\nb;;5",
            "sku\tcounted\tthreshold\nA\t9\t\n\n\"B\"\t\"\"\t5\n",
            "threshold,sku,counted,title\n,A, 9 ,\"Ring, \"\"Vega\"\"\nof two lines\"\n5,B,,x\n",
        ] {
            let (lines, report) = read(text);
            assert_eq!(report.bad, [], "{text:?}");
            assert_eq!(lines.len(), 2, "{text:?}");
            let counted = Some(NewCount::To {
                on_hand: 9,
                seen: None,
            });
            assert_eq!(lines[0].count, counted);
            assert_eq!((lines[1].count, lines[1].threshold), (None, Some(5)));
            assert_eq!(
                (report.counts, report.thresholds, report.differing),
                (1, 1, 1)
            );
        }
    }

    #[test]
    fn every_line_that_cannot_be_followed_is_told_with_its_column() {
        let file = "sku,counted,threshold\n\
            C,1,\n\
            A,ten,\n\
            b,-1,\n\
            a,5,\n\
            ,1,\n\
            A\n\
            =1+1,2,3\n";
        expect(file.as_bytes(), 2, "sku", "of this shop");
        expect(file.as_bytes(), 3, "counted", "a whole number from 0");
        expect(file.as_bytes(), 4, "counted", "a whole number from 0");
        expect(file.as_bytes(), 5, "sku", "line 3");
        expect(file.as_bytes(), 6, "sku", "a SKU: capitals");
        expect(file.as_bytes(), 7, "", "3 fields");
        expect(file.as_bytes(), 8, "sku", "a SKU: capitals");
        let (lines, report) = read(file);
        assert_eq!((lines.len(), report.lines, report.bad.len()), (0, 7, 7));
        expect(b"sku,counted\nA,1\n", 2, "counted", "2 at least");
        expect(
            b"sku,counted\nA,99999999999999999999\n",
            2,
            "counted",
            "a whole number",
        );
        expect(
            b"sku,counted\nA,1000001\n",
            2,
            "counted",
            "from 0 to 1000000",
        );
        expect(b"sku,threshold\nA,100000\n", 2, "threshold", "from 0 to");
        expect(
            b"sku,on_hand,counted\nA,9,8\n",
            2,
            "counted",
            "on_hand was 9 and is 10",
        );
    }

    #[test]
    fn a_file_that_is_none_is_told_in_one_line() {
        expect(b"", 1, "", "names of the columns");
        expect(b"sku\nA\n", 1, "", "a column counted");
        expect(b"counted\n1\n", 1, "", "a column sku");
        expect(b"sku,price,counted\nA,1,1\n", 1, "price", "one of sku");
        expect(b"sku,sku,counted\nA,A,1\n", 1, "sku", "each column once");
        expect(b"sku,counted\nA,\n", 2, "", "one line at least");
        expect(b"sku,counted\nA,1\nB\xff,2\n", 3, "", "UTF-8");
        expect(&vec![b'x'; MAX_FILE + 1], 1, "", "bytes");
        let many = "A,1\n".repeat(MAX_LINES + 5);
        expect(
            format!("sku,counted\n{many}").as_bytes(),
            20_002,
            "",
            "at most 20000 lines",
        );
    }

    #[test]
    fn what_was_exported_can_be_filled_in_and_given_back() {
        let row = InventoryRow {
            sku: "A".parse().expect("a SKU"),
            product: "vega".parse().expect("a slug"),
            title: "=HYPERLINK(\"x\")".to_owned(),
            variant: "50, gold".to_owned(),
            level: Level::default(),
        };
        let now = level(&row.sku).expect("a level");
        let exported = inventory_csv_head() + &inventory_csv_line(&row, &now);
        assert!(
            exported.contains("\"'=HYPERLINK(\"\"x\"\")\""),
            "{exported}"
        );
        let (lines, report) = read(&exported);
        assert_eq!(
            (lines.len(), report.empty),
            (0, 1),
            "as it is it asks for nothing"
        );
        let filled = exported.replace(",10,,2,", ",10,8,2,");
        let (lines, report) = read(&filled);
        assert_eq!(report.bad, []);
        let seen = Some(10);
        assert_eq!(lines[0].count, Some(NewCount::To { on_hand: 8, seen }));
    }
}
