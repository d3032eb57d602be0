//! What of the inventory is shown, and in which order. Part of the admin's lazy island.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};
use types::admin::{InventoryRow, Level};
use types::{Sku, SupplierId};

/// Rows that are shown until somebody asks for more. A narrow screen shows the first [`FEW`] of them.
pub const FIRST: usize = 400;
pub const FEW: usize = 25;

/// A column to sort by. As a word it stands in the address; a leading `-` means descending.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Column {
    #[default]
    Product,
    Sku,
    OnHand,
    Allocated,
    Reserved,
    Available,
    Incoming,
    Threshold,
    Waiting,
    Supplier,
    LastMoved,
}

impl Column {
    pub const SORTED: [Self; 11] = [
        Self::Product,
        Self::Sku,
        Self::Available,
        Self::OnHand,
        Self::Allocated,
        Self::Reserved,
        Self::Incoming,
        Self::Threshold,
        Self::Waiting,
        Self::Supplier,
        Self::LastMoved,
    ];
    pub const NUMBERS: [Self; 7] = [
        Self::OnHand,
        Self::Allocated,
        Self::Reserved,
        Self::Available,
        Self::Incoming,
        Self::Threshold,
        Self::Waiting,
    ];

    pub const fn title(self) -> &'static str {
        match self {
            Self::Product => "Product",
            Self::Sku => "SKU",
            Self::OnHand => "On hand",
            Self::Allocated => "Allocated",
            Self::Reserved => "Reserved",
            Self::Available => "Available",
            Self::Incoming => "Incoming",
            Self::Threshold => "Threshold",
            Self::Waiting => "Waiting",
            Self::Supplier => "Supplier",
            Self::LastMoved => "Last moved",
        }
    }

    pub fn of(self, level: &Level) -> i64 {
        match self {
            Self::Product | Self::Sku | Self::Supplier => 0,
            Self::OnHand => level.on_hand,
            Self::Allocated => level.allocated,
            Self::Reserved => level.reserved,
            Self::Available => level.available(),
            Self::Incoming => level.incoming,
            Self::Threshold => level.reorder_threshold,
            Self::Waiting => level.waiting.into(),
            Self::LastMoved => level.last.map_or(0, |last| last.at_us),
        }
    }
}

/// The order of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sort {
    pub by: Column,
    pub descending: bool,
}

impl Sort {
    /// From the address; what is not understood is the catalogue's order.
    pub fn parse(text: &str) -> Self {
        let (descending, name) = match text.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, text),
        };
        let by = name.parse();
        by.map_or_else(|_| Self::default(), |by| Self { by, descending })
    }

    pub fn written(self) -> String {
        let sign = if self.descending { "-" } else { "" };
        format!("{sign}{}", self.by.into_str())
    }

    /// Every order there is, with what it is called: names from A on, numbers from the smallest on, and
    /// each the other way round.
    pub fn all() -> impl Iterator<Item = (Self, String)> {
        let named = |by: Column| {
            let ways = match by {
                Column::Product | Column::Sku | Column::Supplier => ["A to Z", "Z to A"],
                Column::LastMoved => ["longest ago first", "latest first"],
                _ => ["lowest first", "highest first"],
            };
            [false, true].map(|descending| {
                let way = ways[usize::from(descending)];
                (Self { by, descending }, format!("{}, {way}", by.title()))
            })
        };
        Column::SORTED.into_iter().flat_map(named)
    }

    /// What a press on a heading asks for: that column, or the other way round.
    pub fn pressed(self, by: Column) -> Self {
        Self {
            by,
            descending: self.by == by && !self.descending,
        }
    }
}

/// What of the table is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct View {
    pub filter: String,
    pub low_only: bool,
    pub sort: Sort,
    /// Rows to show at most, where somebody has asked for more than the first.
    pub limit: Option<usize>,
    /// The SKU whose correction is open.
    pub correcting: Option<Sku>,
    /// The SKU that was just corrected.
    pub corrected: Option<Sku>,
    /// What has just been done with many.
    #[serde(default)]
    pub said: String,
    /// Whether whoever looks may count, too.
    #[serde(default)]
    pub may_count: bool,
}

impl View {
    /// What stands behind the `?` of an address that shows the same, or nothing.
    pub fn query(&self) -> String {
        let mut parts = self.found_by();
        if self.sort != Sort::default() {
            parts.push(format!("sort={}", self.sort.written()));
        }
        parts.extend(self.limit.map(|limit| format!("limit={limit}")));
        parts.join("&")
    }

    /// An address below the inventory's that is about the rows that match.
    pub fn below(&self, path: &str) -> String {
        let parts = self.found_by();
        match parts.is_empty() {
            true => path.to_owned(),
            false => format!("{path}?{}", parts.join("&")),
        }
    }

    /// Which rows match.
    fn found_by(&self) -> Vec<String> {
        let mut parts = Vec::new();
        if !self.filter.is_empty() {
            parts.push(format!("filter={}", escaped(&self.filter)));
        }
        if self.low_only {
            parts.push("low=1".to_owned());
        }
        parts
    }
}

/// Text as it stands in an address.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                escaped.push(char::from(byte));
            }
            byte => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shown {
    /// Among all rows.
    pub index: usize,
    /// Whether the row above is of another product: on a phone the first of each bears its name.
    pub heads_product: bool,
}

/// Suppliers by their names; one that is newer than the page is called by its short name.
pub type Suppliers = [(SupplierId, String)];

pub fn supplier_of<'n>(level: &'n Level, names: &'n Suppliers) -> &'n str {
    let Some(id) = &level.supplier else { return "" };
    let known = names.iter().find(|(known, _)| known == id);
    known.map_or(id.as_str(), |(_, name)| name.as_str())
}

/// The rows that match, with how they stand, in order.
pub fn found(
    rows: &[InventoryRow],
    names: &Suppliers,
    level: impl Fn(&InventoryRow) -> Level,
    view: &View,
) -> Vec<(usize, Level)> {
    let words: Vec<String> = view
        .filter
        .split_whitespace()
        .map(str::to_lowercase)
        .collect();
    let matches = |row: &InventoryRow, level: &Level| {
        if words.is_empty() {
            return true;
        }
        let supplier = supplier_of(level, names);
        let text = format!("{} {} {} {supplier}", row.title, row.variant, row.sku).to_lowercase();
        words.iter().all(|word| text.contains(word.as_str()))
    };
    let mut shown: Vec<(usize, Level)> = rows
        .iter()
        .enumerate()
        .map(|(index, row)| (index, level(row)))
        .filter(|(_, level)| !view.low_only || level.is_low())
        .filter(|(index, level)| matches(&rows[*index], level))
        .collect();
    match view.sort.by {
        // The catalogue's own order: a product's variants in order of size.
        Column::Product => {
            shown.sort_by(|(a, _), (b, _)| rows[*a].title.cmp(&rows[*b].title).then(a.cmp(b)));
        }
        Column::Sku => shown.sort_by(|(a, _), (b, _)| rows[*a].sku.cmp(&rows[*b].sku)),
        Column::Supplier => shown.sort_by(|(a, a_level), (b, b_level)| {
            let (of_a, of_b) = (supplier_of(a_level, names), supplier_of(b_level, names));
            of_a.cmp(of_b).then(a.cmp(b))
        }),
        by => shown.sort_by_key(|(index, level)| (by.of(level), *index)),
    }
    if view.sort.descending {
        shown.reverse();
    }
    shown
}

/// Which rows to show, in which order; and how many match in all.
pub fn arranged(
    rows: &[InventoryRow],
    names: &Suppliers,
    level: impl Fn(&InventoryRow) -> Level,
    view: &View,
) -> (Vec<Shown>, usize) {
    let shown = found(rows, names, level, view);
    let matching = shown.len();
    let mut indices: Vec<usize> = shown.into_iter().map(|(index, _)| index).collect();
    let limit = view.limit.unwrap_or(FIRST).max(1);
    let beyond = indices.split_off(matching.min(limit));
    // A row that is being corrected is there, however long the table.
    let open = |index: &usize| view.correcting.as_ref() == Some(&rows[*index].sku);
    indices.extend(beyond.into_iter().find(open));
    let mut above = None;
    let shown = indices.into_iter().map(|index| {
        let product = Some(&rows[index].product);
        let heads_product = above != product;
        above = product;
        Shown {
            index,
            heads_product,
        }
    });
    (shown.collect(), matching)
}

#[cfg(test)]
mod tests {
    use types::movement::{LastMovement, MovementKind};

    use super::*;

    fn row(sku: &str, title: &str, on_hand: i64, allocated: i64) -> InventoryRow {
        InventoryRow {
            sku: sku.parse().expect("a SKU"),
            product: title.to_lowercase().parse().expect("a slug"),
            title: title.to_owned(),
            variant: "White gold, EU 52".to_owned(),
            level: Level {
                on_hand,
                allocated,
                reorder_threshold: 2,
                ..Level::default()
            },
        }
    }

    fn skus(rows: &[InventoryRow], view: &View) -> Vec<String> {
        let (indices, _) = arranged(rows, &names(), |row| row.level.clone(), view);
        let sku = |shown: Shown| rows[shown.index].sku.to_string();
        indices.into_iter().map(sku).collect()
    }

    fn names() -> Vec<(SupplierId, String)> {
        vec![(
            "marais".parse().expect("a supplier"),
            "Atelier du Marais".into(),
        )]
    }

    #[test]
    fn rows_are_found_and_sorted_by_their_supplier_and_by_when_they_have_moved() {
        let mut rows = rows();
        rows[1].level.supplier = Some("marais".parse().expect("a supplier"));
        rows[2].level.supplier = Some("unheard-of".parse().expect("a supplier"));
        for (row, at_us) in rows.iter_mut().zip([20, 30, 10]) {
            let kind = MovementKind::Sent;
            row.level.last = Some(LastMovement { kind, at_us });
        }
        let view = |filter: &str, sort: &str| View {
            filter: filter.into(),
            sort: Sort::parse(sort),
            limit: Some(9),
            ..View::default()
        };
        assert_eq!(skus(&rows, &view("atelier", "sku")), ["A-1"]);
        assert_eq!(skus(&rows, &view("heard", "sku")), ["C-1"]);
        assert_eq!(skus(&rows, &view("", "supplier")), ["B-1", "A-1", "C-1"]);
        assert_eq!(skus(&rows, &view("", "-last_moved")), ["A-1", "B-1", "C-1"]);
    }

    fn rows() -> [InventoryRow; 3] {
        [
            row("B-1", "Vega", 9, 0),
            row("A-1", "Alba", 5, 4),
            row("C-1", "Vega", 7, 0),
        ]
    }

    #[test]
    fn every_word_of_the_filter_must_be_found_somewhere() {
        let view = |filter: &str| View {
            filter: filter.into(),
            limit: Some(9),
            ..View::default()
        };
        assert_eq!(skus(&rows(), &view("")), ["A-1", "B-1", "C-1"]);
        assert_eq!(skus(&rows(), &view("vega WHITE")), ["B-1", "C-1"]);
        assert_eq!(skus(&rows(), &view("c-1")), ["C-1"]);
        assert!(skus(&rows(), &view("vega silver")).is_empty());
    }

    #[test]
    fn low_only_shows_what_is_at_or_under_its_threshold() {
        let view = View {
            low_only: true,
            limit: Some(9),
            ..View::default()
        };
        assert_eq!(skus(&rows(), &view), ["A-1"]);
    }

    #[test]
    fn rows_are_sorted_by_any_column_both_ways() {
        let view = |sort: &str| View {
            sort: Sort::parse(sort),
            limit: Some(9),
            ..View::default()
        };
        assert_eq!(skus(&rows(), &view("available")), ["A-1", "C-1", "B-1"]);
        assert_eq!(skus(&rows(), &view("-available")), ["B-1", "C-1", "A-1"]);
        assert_eq!(skus(&rows(), &view("-sku")), ["C-1", "B-1", "A-1"]);
        assert_eq!(Sort::parse("nonsense"), Sort::default());
        assert_eq!(Sort::parse("sku").pressed(Column::Sku).written(), "-sku");
    }

    #[test]
    fn a_row_that_is_being_corrected_is_there_however_long_the_table() {
        let correcting = Some("C-1".parse().expect("a SKU"));
        let view = View {
            limit: Some(1),
            correcting,
            ..View::default()
        };
        assert_eq!(skus(&rows(), &view), ["A-1", "C-1"]);
    }

    #[test]
    fn the_first_of_each_product_bears_its_name() {
        let heads = |sort: &str| {
            let sort = Sort::parse(sort);
            let view = View {
                sort,
                ..View::default()
            };
            let (shown, _) = arranged(&rows(), &[], |row| row.level.clone(), &view);
            shown
                .iter()
                .map(|row| row.heads_product)
                .collect::<Vec<_>>()
        };
        assert_eq!(heads("product"), [true, true, false]);
        assert_eq!(heads("sku"), [true, true, false]);
        assert_eq!(heads("-available"), [true, false, true]);
    }

    #[test]
    fn what_is_shown_stands_in_the_address() {
        assert_eq!(View::default().query(), "");
        let view = View {
            filter: "Trine & Ève".into(),
            low_only: true,
            sort: Sort::parse("-available"),
            limit: Some(800),
            ..View::default()
        };
        let found_by = "filter=Trine%20%26%20%C3%88ve&low=1";
        assert_eq!(
            view.query(),
            format!("{found_by}&sort=-available&limit=800")
        );
        assert_eq!(view.below("/count"), format!("/count?{found_by}"));
        assert_eq!(View::default().below("/count"), "/count");
    }

    #[test]
    fn every_order_of_the_list_is_understood_again() {
        let mut names = Vec::new();
        for (sort, name) in Sort::all() {
            assert_eq!(Sort::parse(&sort.written()), sort);
            names.push(name);
        }
        assert_eq!(names.len(), 2 * Column::SORTED.len());
        assert_eq!(names[0], "Product, A to Z");
        assert_eq!(names[5], "Available, highest first");
    }
}
