//! The tracking page: what happened to a parcel, and nothing of who it is for. Whoever has the number sees it.

use std::fmt::Write;

use jiff::Timestamp;

use crate::book::{Change, Parcel, ShipmentKind};

/// Nothing in it was typed by anybody.
pub fn html(parcel: &Parcel, history: &[Change]) -> String {
    let mut steps = String::new();
    for change in history.iter().rev() {
        let at =
            Timestamp::from_microsecond(change.happened_at_us).unwrap_or(Timestamp::UNIX_EPOCH);
        let _ = write!(
            steps,
            "<li><strong>{}</strong> <time datetime=\"{at}\">{}</time></li>",
            change.status.words(),
            at.strftime("%-d %B %Y, %H:%M UTC"),
        );
    }
    let what = match parcel.kind {
        ShipmentKind::Parcel => "Parcel",
        ShipmentKind::Return => "Return",
    };
    let (number, status) = (&parcel.tracking_number, parcel.status.words());
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>{what} {number}: {status}</title>\
         <style>{STYLE}</style></head><body><main><p class=\"house\">Parcel Post</p>\
         <h1>{status}</h1><p>{what} <span class=\"number\">{number}</span></p><ol>{steps}</ol>\
         <p class=\"note\">A simulated carrier: nothing is brought anywhere.</p></main></body></html>"
    )
}

const STYLE: &str = ":root{color-scheme:light dark}\
body{margin:0;font:1rem/1.5 system-ui,sans-serif;background:Canvas;color:CanvasText}\
main{max-width:34rem;margin:0 auto;padding:2rem 1.25rem}\
.house{letter-spacing:.08em;text-transform:uppercase;font-size:.8rem}\
h1{margin:.25rem 0 .5rem;font-size:1.75rem;line-height:1.2}\
.number{font-variant-numeric:tabular-nums;overflow-wrap:anywhere}\
ol{list-style:none;margin:1.5rem 0;padding:0 0 0 1rem;border-left:2px solid GrayText}\
li{padding:.35rem 0}time{display:block;font-size:.9rem}.note{font-size:.9rem}";
