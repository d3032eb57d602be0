//! The terms of delivery, changed by staff: now, or at a planned time.

use broker::{Decider, Failure, Filter, NewEvent, Recorded, Rule, States};
use domain::Event;
use domain::delivery::Delivery;
use domain::event::{DeliveryChangeRequested, DeliveryDue, DeliveryPlanWithdrawalRequested};

use crate::events::{decode, encode, encode_all};

#[derive(Debug)]
pub(crate) struct DeliveryFees;

impl Decider for DeliveryFees {
    const NAME: &'static str = "delivery";
    const HEARS: Filter<'static> = Filter(&[Rule::topic(DeliveryChangeRequested::TOPIC).of(&[
        DeliveryChangeRequested::KIND,
        DeliveryDue::KIND,
        DeliveryPlanWithdrawalRequested::KIND,
    ])]);
    /// By currency.
    type State = Delivery;

    fn keys(&self, event: &Recorded) -> Result<Vec<String>, Failure> {
        Ok(vec![event.key.clone()])
    }

    fn decide(
        &self,
        states: &States<Delivery>,
        event: &Recorded,
    ) -> Result<Vec<NewEvent>, Failure> {
        let none = Delivery::default();
        let delivery = states.get(&event.key).unwrap_or(&none);
        let decided = match &*decode(event)? {
            Event::DeliveryChangeRequested(asked) => Some(delivery.change(asked, event.time_us)),
            Event::DeliveryDue(due) => delivery.change_planned(due, event.time_us),
            Event::DeliveryPlanWithdrawalRequested(asked) => Some(delivery.withdraw(asked)),
            _ => None,
        };
        encode_all(decided.into_iter().collect())
    }

    fn evolve(&self, states: &mut States<Delivery>, event: &Recorded) -> Result<(), Failure> {
        let content = decode(event)?;
        if domain::delivery::is_about(&content) {
            let mut delivery = states.get(&event.key).cloned().unwrap_or_default();
            delivery.evolve(&content);
            states.put(&event.key, delivery);
        }
        Ok(())
    }

    fn deadline(&self, delivery: &Delivery) -> Option<i64> {
        delivery.deadline()
    }

    fn elapsed(&self, key: &str, delivery: &Delivery) -> Result<Option<NewEvent>, Failure> {
        let currency = key.parse().ok();
        let elapsed = currency.and_then(|currency| delivery.elapsed(currency));
        elapsed.map(encode).transpose()
    }
}
