//! Watches the stream of events with the rules of `domain/monitoring`: what they find is reported as an alert.

use broker::{Decider, Failure, Filter, NewEvent, ORIGIN, PERSON, Recorded, Rule, States};
use domain::event::{
    AlertCauseGone, AlertReported, MailBounced, OrderPlaced, PaymentAuthorized, PaymentDeclined,
    PriceChanged, ProductIntroduced, ProductVariantSet, ReservationHeld, ReservationReleased,
    ReturnAsked, SignInFailed, StockAllocated, StockCorrected, StockReceived, StockReleased,
    StockReserved, StockReturned, StockShipped, StockWrittenOff,
};
use domain::monitoring::{self, Acts, Heard, State};

use crate::events::{decode, encode_all};
use crate::marks::PLACE;
use crate::settings::ShopSettings;

#[derive(Debug)]
pub(crate) struct Monitoring {
    acts: Acts,
}

impl Monitoring {
    pub const fn new(settings: &ShopSettings) -> Self {
        Self {
            acts: settings.acts,
        }
    }
}

/// Looks at an event as the rules see it.
fn with<T>(event: &Recorded, look: impl FnOnce(&Heard<'_>) -> T) -> Result<T, Failure> {
    let content = decode(event)?;
    let id = event.id.to_string();
    let attribute = |name| event.attributes.get(name).map(String::as_str);
    Ok(look(&Heard {
        event: &content,
        id: &id,
        at_us: event.time_us,
        origin: attribute(ORIGIN),
        person: attribute(PERSON),
        place: attribute(PLACE),
    }))
}

impl Decider for Monitoring {
    const NAME: &'static str = "monitoring";
    const HEARS: Filter<'static> = Filter(&[
        Rule::topic(OrderPlaced::TOPIC).of(&[OrderPlaced::KIND]),
        Rule::topic(PaymentDeclined::TOPIC).of(&[PaymentAuthorized::KIND, PaymentDeclined::KIND]),
        Rule::topic(StockReserved::TOPIC).of(&[
            StockReserved::KIND,
            StockReleased::KIND,
            StockShipped::KIND,
            StockAllocated::KIND,
            StockReturned::KIND,
            StockReceived::KIND,
            StockCorrected::KIND,
            StockWrittenOff::KIND,
            ReservationHeld::KIND,
            ReservationReleased::KIND,
        ]),
        Rule::topic(PriceChanged::TOPIC).of(&[
            PriceChanged::KIND,
            ProductIntroduced::KIND,
            ProductVariantSet::KIND,
        ]),
        Rule::topic(ReturnAsked::TOPIC).of(&[ReturnAsked::KIND]),
        Rule::topic(SignInFailed::TOPIC).of(&[SignInFailed::KIND]),
        Rule::topic(MailBounced::TOPIC).of(&[MailBounced::KIND]),
    ]);
    /// By scope and a part of its subjects, by gateway, and by SKU.
    type State = State;

    fn keys(&self, event: &Recorded) -> Result<Vec<String>, Failure> {
        with(event, monitoring::keys)
    }

    fn decide(&self, known: &States<State>, event: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        encode_all(with(event, |heard| {
            monitoring::decide(|key| known.get(key), heard, self.acts)
        })?)
    }

    fn evolve(&self, known: &mut States<State>, event: &Recorded) -> Result<(), Failure> {
        // What it has found itself is noted as told, and as over; whatever else it has said says nothing more.
        let is_own = event.source == Self::NAME;
        let is_noted = [AlertReported::KIND, AlertCauseGone::KIND].contains(&event.kind.as_str());
        if is_own && !is_noted {
            return Ok(());
        }
        with(event, |heard| {
            for key in monitoring::changed_keys(heard) {
                let before = known.get(&key).cloned();
                if let Some(state) = monitoring::evolve(&key, before, heard) {
                    known.put(&key, state);
                }
            }
        })
    }

    fn is_nothing(&self, state: &State) -> bool {
        state.is_nothing()
    }
}
