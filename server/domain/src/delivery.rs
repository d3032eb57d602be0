//! What delivery costs, and what changes it: now, or at a time that is planned.

pub mod events;

use serde::{Deserialize, Serialize};
use types::Currency;
use types::delivery::DeliveryTerms;

use crate::event::{
    DeliveryChangeRejected, DeliveryChangeRequested, DeliveryChanged, DeliveryDue,
    DeliveryPlanWithdrawalRequested, DeliveryPlanWithdrawn, DeliveryPlanned, Event,
};

/// Terms that may be planned at once.
pub const MAX_PLANNED: usize = 20;
/// The most that delivery may cost, in minor units.
pub const MAX_FEE: i64 = 1_000_000;
/// The highest value from which on it may be free, in minor units.
pub const MAX_FREE_FROM: i64 = 10_000_000_000;

/// The terms as their events have made them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Delivery {
    pub terms: DeliveryTerms,
    /// What is going to be in force, the next one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub planned: Vec<Planned>,
}

/// What is going to be in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    pub terms: DeliveryTerms,
    /// Unix microseconds.
    pub from_us: i64,
    /// Who planned it.
    pub by: String,
    /// What does not differ from these is left as it is; `None`: all of it comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<DeliveryTerms>,
}

impl Planned {
    /// What is in force from then on where it is `now` before.
    pub fn after(&self, now: DeliveryTerms) -> DeliveryTerms {
        self.over
            .map_or(self.terms, |over| now.with_changes(over, self.terms))
    }
}

/// Why the terms stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    #[error("a fee is below 0")]
    FeeBelowZero,
    #[error("a fee is higher than the shop can take")]
    FeeTooHigh,
    #[error("the value from which on delivery is free makes no sense")]
    BadThreshold,
    #[error("it is so already")]
    NothingChanged,
    #[error("that time is past")]
    Past,
    #[error("no more changes can be planned")]
    TooManyPlanned,
    #[error("no such change is planned")]
    NotPlanned,
    #[error("it has changed since this page was opened")]
    ChangedMeanwhile,
    #[error("something else is planned for that time; withdraw it first, or choose another time")]
    PlannedOtherwise,
}

impl Delivery {
    /// When the terms change by themselves, unix microseconds.
    pub fn deadline(&self) -> Option<i64> {
        self.planned.first().map(|planned| planned.from_us)
    }

    /// The event that says that this time has come.
    pub fn elapsed(&self, currency: Currency) -> Option<Event> {
        let from_us = self.deadline()?;
        Some(DeliveryDue { currency, from_us }.into())
    }

    fn planned(&self, from_us: i64) -> Option<&Planned> {
        self.planned.iter().find(|it| it.from_us == from_us)
    }

    fn check(&self, asked: &DeliveryChangeRequested, at_us: i64) -> Result<(), Refusal> {
        let DeliveryTerms {
            standard_minor,
            express_minor,
            free_from_minor,
        } = asked.terms;
        if standard_minor < 0 || express_minor < 0 {
            return Err(Refusal::FeeBelowZero);
        }
        if standard_minor > MAX_FEE || express_minor > MAX_FEE {
            return Err(Refusal::FeeTooHigh);
        }
        if !(0..=MAX_FREE_FROM).contains(&free_from_minor) {
            return Err(Refusal::BadThreshold);
        }
        let (seen, now) = (asked.seen, self.terms);
        match asked.from_us {
            None if self.changed(asked) == now => Err(Refusal::NothingChanged),
            None if seen.is_some_and(|seen| now.is_at_odds(seen, asked.terms)) => {
                Err(Refusal::ChangedMeanwhile)
            }
            None => Ok(()),
            Some(from_us) if from_us <= at_us => Err(Refusal::Past),
            Some(from_us)
                if self.planned(from_us).is_none() && self.planned.len() >= MAX_PLANNED =>
            {
                Err(Refusal::TooManyPlanned)
            }
            Some(_) => Ok(()),
        }
    }

    /// The terms with what is asked for.
    fn changed(&self, asked: &DeliveryChangeRequested) -> DeliveryTerms {
        let seen = asked.seen;
        seen.map_or(asked.terms, |seen| {
            self.terms.with_changes(seen, asked.terms)
        })
    }

    /// What is in force just before a moment, if nothing else is changed until then.
    fn before(&self, from_us: i64) -> DeliveryTerms {
        let earlier = self.planned.iter().take_while(|it| it.from_us < from_us);
        earlier.fold(self.terms, |now, planned| planned.after(now))
    }

    /// The terms that are going to be in force, each with its time: the next ones first.
    pub fn outlook(&self) -> Vec<(&Planned, DeliveryTerms)> {
        let mut now = self.terms;
        let planned = self.planned.iter().map(|planned| {
            now = planned.after(now);
            (planned, now)
        });
        planned.collect()
    }

    /// What is planned for a moment, and over what. Part of it is what whoever asks has changed of what they
    /// saw, or what was true when they saw it and is going to be otherwise by then.
    fn plan(
        &self,
        asked: &DeliveryChangeRequested,
        from_us: i64,
    ) -> Result<(DeliveryTerms, Option<DeliveryTerms>), Refusal> {
        let Some(seen) = asked.seen else {
            return Ok((asked.terms, None));
        };
        let parts = [self.terms, seen, asked.terms, self.before(from_us)];
        let over = DeliveryTerms::part_by_part(parts, |[now, seen, asked, before]| {
            let is_changed = asked != seen;
            let is_meant = now == seen && asked != before;
            match (is_changed, is_meant) {
                (true, _) => seen,
                (false, true) => before,
                (false, false) => asked,
            }
        });
        if over == asked.terms {
            return Err(Refusal::NothingChanged);
        }
        // What is planned for the same moment is replaced by nobody who may not have seen it.
        match self.planned(from_us) {
            Some(_) => Err(Refusal::PlannedOtherwise),
            None => Ok((asked.terms, Some(over))),
        }
    }

    /// Changes the terms at `at_us`, plans the change, or says why not.
    pub fn change(&self, asked: &DeliveryChangeRequested, at_us: i64) -> Event {
        let currency = asked.currency;
        let by = asked.by.clone();
        let decided = self.check(asked, at_us).and_then(|()| match asked.from_us {
            Some(from_us) => {
                let (terms, over) = self.plan(asked, from_us)?;
                Ok(DeliveryPlanned {
                    currency,
                    terms,
                    from_us,
                    by: by.clone(),
                    over,
                }
                .into())
            }
            None => Ok(DeliveryChanged {
                currency,
                terms: self.changed(asked),
                before: self.terms,
                by: by.clone(),
            }
            .into()),
        });
        decided.unwrap_or_else(|refusal| {
            DeliveryChangeRejected {
                currency,
                refusal,
                by,
            }
            .into()
        })
    }

    /// Changes the terms whose time has come; `None` when they are not planned any more.
    pub fn change_planned(&self, due: &DeliveryDue, at_us: i64) -> Option<Event> {
        let planned = self.planned(due.from_us)?;
        let asked = DeliveryChangeRequested {
            currency: due.currency,
            // A part that somebody has changed since stays, unless it is part of the plan.
            terms: planned.after(self.terms),
            by: planned.by.clone(),
            from_us: None,
            seen: None,
        };
        Some(self.change(&asked, at_us))
    }

    /// Takes planned terms back, or says why not.
    pub fn withdraw(&self, asked: &DeliveryPlanWithdrawalRequested) -> Event {
        let refusal = match self.planned(asked.from_us) {
            None => Some(Refusal::NotPlanned),
            Some(planned) => asked
                .seen
                .filter(|seen| *seen != planned.terms)
                .map(|_| Refusal::ChangedMeanwhile),
        };
        let DeliveryPlanWithdrawalRequested {
            currency,
            from_us,
            by,
            ..
        } = asked.clone();
        match refusal {
            None => DeliveryPlanWithdrawn {
                currency,
                from_us,
                by,
            }
            .into(),
            Some(refusal) => DeliveryChangeRejected {
                currency,
                refusal,
                by,
            }
            .into(),
        }
    }

    /// Takes note of what has happened.
    pub fn evolve(&mut self, event: &Event) {
        match event {
            Event::DeliveryChanged(event) => self.terms = event.terms,
            Event::DeliveryPlanned(event) => {
                self.forget(event.from_us);
                self.planned.push(Planned {
                    terms: event.terms,
                    from_us: event.from_us,
                    by: event.by.clone(),
                    over: event.over,
                });
                self.planned.sort_by_key(|planned| planned.from_us);
            }
            Event::DeliveryDue(event) => self.forget(event.from_us),
            Event::DeliveryPlanWithdrawn(event) => self.forget(event.from_us),
            _ => {}
        }
    }

    fn forget(&mut self, from_us: i64) {
        self.planned.retain(|planned| planned.from_us != from_us);
    }
}

/// Whether an event is about the terms of delivery.
pub const fn is_about(event: &Event) -> bool {
    matches!(
        event,
        Event::DeliveryChanged(_)
            | Event::DeliveryPlanned(_)
            | Event::DeliveryDue(_)
            | Event::DeliveryPlanWithdrawn(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(standard_minor: i64, free_from_minor: i64) -> DeliveryTerms {
        DeliveryTerms {
            standard_minor,
            free_from_minor,
            ..DeliveryTerms::default()
        }
    }

    fn asked(terms: DeliveryTerms, from_us: Option<i64>) -> DeliveryChangeRequested {
        DeliveryChangeRequested {
            currency: Currency::Eur,
            terms,
            by: "ada".to_owned(),
            from_us,
            seen: None,
        }
    }

    /// What somebody asks who has seen `seen`.
    fn seen(
        seen: DeliveryTerms,
        terms: DeliveryTerms,
        from_us: Option<i64>,
    ) -> DeliveryChangeRequested {
        DeliveryChangeRequested {
            seen: Some(seen),
            ..asked(terms, from_us)
        }
    }

    /// What happens when it is asked for, and when its time comes.
    fn done(delivery: &mut Delivery, asked: &DeliveryChangeRequested) {
        let event = delivery.change(asked, 100);
        assert!(
            !matches!(event, Event::DeliveryChangeRejected(_)),
            "{event:?}"
        );
        delivery.evolve(&event);
    }

    fn comes(delivery: &mut Delivery) {
        let due = delivery.elapsed(Currency::Eur).expect("one is planned");
        let Event::DeliveryDue(is_due) = &due else {
            panic!("{due:?}")
        };
        let changed = delivery.change_planned(is_due, is_due.from_us);
        delivery.evolve(&due);
        delivery.evolve(&changed.expect("it comes"));
    }

    #[test]
    fn two_who_change_different_parts_both_have_their_way_and_of_one_part_the_later_is_told() {
        let shown = DeliveryTerms::default();
        let mut delivery = Delivery::default();
        let express = DeliveryTerms {
            express_minor: 1_900,
            ..shown
        };
        done(&mut delivery, &seen(shown, express, None));
        done(&mut delivery, &seen(shown, terms(790, 15_000), None));
        let both = DeliveryTerms {
            standard_minor: 790,
            ..express
        };
        assert_eq!(delivery.terms, both);
        let late = seen(shown, terms(990, 15_000), None);
        assert_eq!(refusal(&delivery, &late), Some(Refusal::ChangedMeanwhile));
        // Who has seen it may.
        done(&mut delivery, &seen(both, terms(990, 15_000), None));
        assert_eq!(delivery.terms, terms(990, 15_000));
    }

    #[test]
    fn a_plan_takes_back_nothing_that_was_changed_after_it() {
        let shown = DeliveryTerms::default();
        let mut delivery = Delivery::default();
        done(&mut delivery, &seen(shown, terms(790, 15_000), Some(200)));
        let express = DeliveryTerms {
            express_minor: 1_900,
            ..shown
        };
        done(&mut delivery, &seen(shown, express, None));
        let [(_, outlook)] = delivery.outlook()[..] else {
            panic!("one is planned")
        };
        comes(&mut delivery);
        let both = DeliveryTerms {
            standard_minor: 790,
            ..express
        };
        assert_eq!((delivery.terms, outlook), (both, both));
    }

    #[test]
    fn what_is_shown_now_can_be_planned_for_after_something_else() {
        let shown = DeliveryTerms::default();
        let mut delivery = Delivery::default();
        done(&mut delivery, &seen(shown, terms(0, 15_000), Some(200)));
        let back = seen(shown, shown, Some(300));
        done(&mut delivery, &back);
        let same = seen(shown, shown, Some(150));
        assert_eq!(refusal(&delivery, &same), Some(Refusal::NothingChanged));
        let unseen = seen(shown, terms(100, 15_000), Some(300));
        assert_eq!(refusal(&delivery, &unseen), Some(Refusal::PlannedOtherwise));
        comes(&mut delivery);
        assert_eq!(delivery.terms, terms(0, 15_000));
        comes(&mut delivery);
        assert_eq!(delivery.terms, shown);
    }

    #[test]
    fn nobody_withdraws_a_plan_that_they_have_not_seen() {
        let shown = DeliveryTerms::default();
        let mut delivery = Delivery::default();
        done(&mut delivery, &seen(shown, terms(790, 15_000), Some(200)));
        let withdrawal = |seen| DeliveryPlanWithdrawalRequested {
            currency: Currency::Eur,
            from_us: 200,
            by: "bo".to_owned(),
            seen: Some(seen),
        };
        let no = delivery.withdraw(&withdrawal(shown));
        assert!(
            matches!(&no, Event::DeliveryChangeRejected(no) if no.refusal == Refusal::ChangedMeanwhile),
            "{no:?}"
        );
        let yes = delivery.withdraw(&withdrawal(terms(790, 15_000)));
        assert!(matches!(yes, Event::DeliveryPlanWithdrawn(_)), "{yes:?}");
    }

    fn refusal(delivery: &Delivery, asked: &DeliveryChangeRequested) -> Option<Refusal> {
        match delivery.change(asked, 100) {
            Event::DeliveryChangeRejected(rejected) => Some(rejected.refusal),
            _ => None,
        }
    }

    #[test]
    fn a_change_says_what_was_before_and_one_that_makes_no_sense_why_not() {
        let delivery = Delivery::default();
        let changed = delivery.change(&asked(terms(790, 20_000), None), 100);
        let Event::DeliveryChanged(changed) = changed else {
            panic!("{changed:?}")
        };
        assert_eq!(changed.before, DeliveryTerms::default());
        for (terms, from_us, expected) in [
            (terms(-1, 0), None, Refusal::FeeBelowZero),
            (terms(MAX_FEE + 1, 0), None, Refusal::FeeTooHigh),
            (terms(1, -1), None, Refusal::BadThreshold),
            (terms(590, 15_000), None, Refusal::NothingChanged),
            (terms(790, 15_000), Some(100), Refusal::Past),
        ] {
            let refused = refusal(&delivery, &asked(terms, from_us));
            assert_eq!(refused, Some(expected));
        }
    }

    #[test]
    fn what_is_planned_comes_by_itself_in_its_order_unless_it_is_withdrawn() {
        let mut delivery = Delivery::default();
        let happens = |delivery: &mut Delivery, event: &Event| delivery.evolve(event);
        for (fee, from_us) in [(990, 300), (790, 200), (890, 250)] {
            let planned = delivery.change(&asked(terms(fee, 15_000), Some(from_us)), 100);
            happens(&mut delivery, &planned);
        }
        assert_eq!(delivery.deadline(), Some(200));
        let withdrawal = DeliveryPlanWithdrawalRequested {
            currency: Currency::Eur,
            from_us: 250,
            by: "ada".to_owned(),
            seen: None,
        };
        let withdrawn = delivery.withdraw(&withdrawal);
        happens(&mut delivery, &withdrawn);
        let refused = delivery.withdraw(&withdrawal);
        assert!(matches!(refused, Event::DeliveryChangeRejected(_)));
        for (fee, at_us) in [(790, 200), (990, 300)] {
            let due = delivery.elapsed(Currency::Eur).expect("one is planned");
            let Event::DeliveryDue(is_due) = &due else {
                panic!("{due:?}")
            };
            let changed = delivery.change_planned(is_due, at_us).expect("it comes");
            happens(&mut delivery, &due);
            happens(&mut delivery, &changed);
            assert_eq!(delivery.terms.standard_minor, fee);
        }
        assert_eq!(delivery.deadline(), None);
    }

    #[test]
    fn so_many_can_be_planned() {
        let mut delivery = Delivery::default();
        for at in 0..MAX_PLANNED {
            let from_us = 1_000 + i64::try_from(at).expect("few");
            let planned = delivery.change(&asked(terms(790, 0), Some(from_us)), 100);
            delivery.evolve(&planned);
        }
        let one_more = asked(terms(790, 0), Some(5_000));
        assert_eq!(refusal(&delivery, &one_more), Some(Refusal::TooManyPlanned));
        // Another plan for the same time takes the place of the first.
        assert_eq!(refusal(&delivery, &asked(terms(1, 0), Some(1_000))), None);
    }
}
