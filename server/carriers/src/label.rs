//! The label that goes onto a parcel.

use papers::{Label, PaperError};

use crate::book::{Address, Parcel, ShipmentKind};

/// A6, with the tracking number as Code 128. `None` when nobody knows any more where it goes.
///
/// # Errors
/// When the PDF cannot be made.
pub fn pdf(parcel: &Parcel) -> Result<Option<Vec<u8>>, PaperError> {
    let Some((sender, recipient)) = &parcel.addresses else {
        return Ok(None);
    };
    let service = match parcel.kind {
        ShipmentKind::Parcel => "Parcel",
        ShipmentKind::Return => "Return",
    };
    let grams = parcel.weight_grams;
    let kilograms = format!("{}.{:03} kg", grams / 1_000, grams % 1_000);
    let label = Label {
        carrier: "Parcel Post",
        service,
        from: lines(sender),
        to: lines(recipient),
        number: &parcel.tracking_number,
        notes: vec![
            format!("{}, {kilograms}", types::pieces(parcel.pieces)),
            "Simulated: nobody fetches this parcel.".to_owned(),
        ],
    };
    papers::label(&label).map(Some)
}

fn lines(address: &Address) -> Vec<String> {
    let place = format!("{} {}", address.postal_code, address.city);
    [
        address.name.as_str(),
        &address.street,
        &address.street_2,
        &place,
        &address.country,
    ]
    .into_iter()
    .filter(|line| !line.trim().is_empty())
    .map(str::to_owned)
    .collect()
}
