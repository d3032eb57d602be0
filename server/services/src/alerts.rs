//! What staff are to look at: one open alert per kind and subject, out of what others report.

use broker::{Decider, Failure, Filter, NewEvent, Recorded, Rule, States};
use domain::Event;
use domain::alert::{self, Alert, Report};
use domain::event::{
    AlertCauseGone, AlertChangeRequested, AlertForgotten, AlertMuteElapsed, AlertReported,
    ConsumerCaughtUp, ConsumerFellBehind, PaymentCaptureFailed, PaymentCaptureRetryRequested,
    PaymentReauthorizationFailed, PaymentRefundFailed, PaymentRefundRequested,
    PaymentSettlementDiffers, PurchaseOrderCancelled, PurchaseOrderConfirmed,
    PurchaseOrderNoticeAnswered, PurchaseOrderOverdue, PurchaseOrderReceived,
    PurchaseOrderSendFailed, PurchaseOrderSent, RestockRecovered, RestockSoldOut,
    RestockThereAgain, RestockThresholdCrossed, ShipmentCameBack, ShipmentDelivered,
    ShipmentGivenUp, ShipmentLost, ShipmentPacked, StockCorrected,
};
use types::AlertId;

use crate::events::{decode, encode, encode_all};

#[derive(Debug)]
pub(crate) struct Alerts;

impl Decider for Alerts {
    const NAME: &'static str = "alerts";
    const HEARS: Filter<'static> = Filter(&[
        Rule::topic(AlertReported::TOPIC).of(&[
            AlertReported::KIND,
            AlertCauseGone::KIND,
            AlertChangeRequested::KIND,
            AlertMuteElapsed::KIND,
            AlertForgotten::KIND,
        ]),
        Rule::topic(RestockThresholdCrossed::TOPIC).of(&[
            RestockThresholdCrossed::KIND,
            RestockSoldOut::KIND,
            RestockThereAgain::KIND,
            RestockRecovered::KIND,
        ]),
        Rule::topic(StockCorrected::TOPIC).of(&[StockCorrected::KIND]),
        Rule::topic(PurchaseOrderOverdue::TOPIC).of(&[
            PurchaseOrderOverdue::KIND,
            PurchaseOrderSendFailed::KIND,
            PurchaseOrderSent::KIND,
            PurchaseOrderConfirmed::KIND,
            PurchaseOrderReceived::KIND,
            PurchaseOrderCancelled::KIND,
            PurchaseOrderNoticeAnswered::KIND,
        ]),
        Rule::topic(ConsumerFellBehind::TOPIC)
            .of(&[ConsumerFellBehind::KIND, ConsumerCaughtUp::KIND]),
        Rule::topic(PaymentSettlementDiffers::TOPIC).of(&[
            PaymentSettlementDiffers::KIND,
            PaymentCaptureFailed::KIND,
            PaymentCaptureRetryRequested::KIND,
            PaymentReauthorizationFailed::KIND,
            PaymentRefundFailed::KIND,
            PaymentRefundRequested::KIND,
        ]),
        Rule::topic(ShipmentLost::TOPIC).of(&[
            ShipmentLost::KIND,
            ShipmentCameBack::KIND,
            ShipmentDelivered::KIND,
            ShipmentGivenUp::KIND,
            ShipmentPacked::KIND,
        ]),
    ]);
    /// By kind and subject: the last alert of these.
    type State = Alert;

    fn keys(&self, event: &Recorded) -> Result<Vec<String>, Failure> {
        let abouts = alert::abouts(&*decode(event)?);
        Ok(abouts.iter().map(alert::About::key).collect())
    }

    fn decide(&self, alerts: &States<Alert>, event: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        let content = decode(event)?;
        let known = |about: &alert::About| alerts.get(&about.key());
        if let Event::AlertChangeRequested(asked) = &*content {
            let about = alert::abouts(&content);
            let known = about.first().and_then(known);
            let decided = Alert::change(known, asked, event.time_us);
            return Ok(vec![encode(decided)?]);
        }
        if let Some(report) = Report::of(&content) {
            let known = known(&report.about);
            let id = AlertId::new(event.id);
            let decided = Alert::report(known, report, id, event.time_us);
            return Ok(vec![encode(decided)?]);
        }
        if let Some(about) = alert::eased_by(&content) {
            let eased = Alert::ease(known(&about), AlertId::new(event.id));
            return encode_all(eased.into_iter().collect());
        }
        let ended = alert::ended_by(&content);
        let ended = ended.iter().filter_map(|about| Alert::end(known(about)));
        encode_all(ended.collect())
    }

    fn evolve(&self, alerts: &mut States<Alert>, event: &Recorded) -> Result<(), Failure> {
        let content = decode(event)?;
        if !alert::changes(&content) {
            return Ok(());
        }
        for about in alert::abouts(&content) {
            let key = about.key();
            let known = alerts.get(&key).cloned();
            if let Some(alert) = Alert::evolve(known, &content, event.time_us) {
                alerts.put(&key, alert);
            }
        }
        Ok(())
    }

    fn deadline(&self, alert: &Alert) -> Option<i64> {
        alert.deadline()
    }

    fn is_nothing(&self, alert: &Alert) -> bool {
        alert.is_forgotten()
    }

    fn elapsed(&self, _: &str, alert: &Alert) -> Result<Option<NewEvent>, Failure> {
        alert.elapsed().map(encode).transpose()
    }
}
