//! Every event of the shop. A new one is a struct in the folder of its noun, its name in the list below,
//! and the arms that care.
//!
//! Events carry no personal data of shoppers: who ordered and where it goes stands in the orders table,
//! who waits for a piece in that of sign-ups, where it can be erased. Suppliers' names and addresses are
//! in [`SupplierChanged`].

pub use crate::alert::events::*;
pub use crate::back_in_stock::events::*;
pub use crate::catalogue::events::*;
pub use crate::delivery::events::*;
pub use crate::fulfilment::events::*;
pub use crate::mail::events::*;
pub use crate::monitoring::events::*;
pub use crate::order::events::*;
pub use crate::payment::events::*;
pub use crate::person::events::*;
pub use crate::purchasing::events::*;
pub use crate::reservation::events::*;
pub use crate::restock::events::*;
pub use crate::returns::events::*;
pub use crate::service_account::events::*;
pub use crate::staff::events::*;
pub use crate::stock::events::*;

/// Declares events of one noun: a struct each, and how they are named and ordered in the log.
macro_rules! declare {
    ($(
        $(#[$doc:meta])*
        $name:ident ($kind:literal on $topic:literal, ordered by $key:ident) {
            $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
        }
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
            pub struct $name {
                $($(#[$field_doc])* pub $field: $type,)*
            }

            impl $name {
                /// Its name in the log.
                pub const KIND: &'static str = $kind;
                /// The stream it belongs to.
                pub const TOPIC: &'static str = $topic;

                /// What it is about; events of one key are kept in order.
                pub(crate) fn key(&self) -> String {
                    self.$key.to_string()
                }
            }
        )*
    };
}
pub(crate) use declare;

/// Makes one type of all events.
macro_rules! events {
    ($($name:ident,)*) => {
        $(
            impl From<$name> for Event {
                fn from(event: $name) -> Self {
                    Self::$name(event)
                }
            }
        )*

        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Event {
            $($name($name),)*
        }

        impl Event {
            /// Every kind there is.
            pub const KINDS: &'static [&'static str] = &[$($name::KIND),*];
            /// The topic of each.
            pub const TOPICS: &'static [&'static str] = &[$($name::TOPIC),*];

            /// Its name in the log, e.g. `order.placed`.
            pub const fn kind(&self) -> &'static str {
                match self { $(Self::$name(_) => $name::KIND,)* }
            }

            /// The stream it belongs to.
            pub const fn topic(&self) -> &'static str {
                match self { $(Self::$name(_) => $name::TOPIC,)* }
            }

            /// What it is about; events of one key are kept in order.
            pub fn key(&self) -> String {
                match self { $(Self::$name(event) => event.key(),)* }
            }

            /// Its content as JSON.
            ///
            /// # Errors
            /// Never for the events of this list, which hold no map with keys that are not text.
            pub fn to_json(&self) -> Result<String, serde_json::Error> {
                match self { $(Self::$name(event) => serde_json::to_string(event),)* }
            }

            /// Reads an event of the log.
            ///
            /// # Errors
            /// [`DecodeError`] names what was expected.
            pub fn from_json(kind: &str, data: &str) -> Result<Self, DecodeError> {
                match kind {
                    $($name::KIND => serde_json::from_str(data).map(Self::$name).map_err(|source| {
                        DecodeError::Content { kind: kind.to_owned(), source }
                    }),)*
                    _ => Err(DecodeError::UnknownKind(kind.to_owned())),
                }
            }
        }
    };
}

events! {
    OrderPlaced,
    OrderConfirmed,
    OrderRejected,
    OrderCancellationRequested,
    OrderCancellationRefused,
    OrderCancelled,
    OrderRestCancelled,
    OrderDeadlinePassed,
    OrderReviewRequested,
    OrderHeld,
    OrderReleaseRequested,
    OrderReleased,
    OrderReleaseRefused,
    OrderNoted,
    OrderAddressCorrected,
    StockReserved,
    StockRejected,
    StockReleased,
    StockCorrectionRequested,
    StockCorrected,
    StockCorrectionRejected,
    StockReleaseRequested,
    StockShipped,
    StockDispatchRequested,
    StockAllocated,
    StockAllocationRefused,
    StockReturned,
    ReservationRequested,
    ReservationHeld,
    ReservationExtensionRequested,
    ReservationExtended,
    ReservationExtensionRefused,
    ReservationLeft,
    ReservationShortened,
    ReservationElapsed,
    ReservationReleased,
    PaymentMethodRequired,
    PaymentMethodGiven,
    PaymentRequested,
    PaymentAuthorized,
    PaymentActionRequired,
    PaymentReturnReported,
    PaymentCheckRequested,
    PaymentReported,
    PaymentAuthorizationExpired,
    PaymentReauthorizationRequested,
    PaymentReauthorized,
    PaymentReauthorizationFailed,
    PaymentSettlementDiffers,
    PaymentSettled,
    PaymentDeclined,
    PaymentReminderDue,
    PaymentWindowElapsed,
    PaymentVoidRequested,
    PaymentVoided,
    PaymentCaptureRequested,
    PaymentCaptured,
    PaymentCaptureFailed,
    PaymentCaptureRetryRequested,
    PaymentRefundAsked,
    PaymentRefundRefused,
    PaymentRefundRequested,
    PaymentRefundPending,
    PaymentRefundReported,
    PaymentRefundCheckRequested,
    PaymentRefunded,
    PaymentRefundFailed,
    ShipmentRequested,
    ShipmentPacked,
    ShipmentRefused,
    ShipmentUnpackRequested,
    ShipmentUnpacked,
    ShipmentHandoverReported,
    ShipmentShipped,
    ShipmentOutcomeReported,
    ShipmentDelivered,
    ShipmentLost,
    ShipmentCameBack,
    ShipmentDecisionGiven,
    ShipmentReplacementRequested,
    ShipmentNotReplaced,
    ShipmentGivenUp,
    ShipmentCarrierReported,
    ShipmentLabelAsked,
    ShipmentLabelRequested,
    ShipmentLabelled,
    ShipmentLabelFailed,
    ShipmentLabelCancelAsked,
    ShipmentLabelCancelRequested,
    ShipmentLabelCancelled,
    ShipmentLabelKept,
    ShipmentMoved,
    ReturnRequested,
    ReturnAsked,
    ReturnRefused,
    ReturnAnswerGiven,
    ReturnAccepted,
    ReturnDeclined,
    ReturnReceiptReported,
    ReturnReceived,
    ReturnLabelAsked,
    ReturnLabelRequested,
    ReturnLabelled,
    ReturnLabelFailed,
    ReturnCarrierReported,
    ReturnMoved,
    BackInStockRequested,
    BackInStockAwaited,
    BackInStockRefused,
    BackInStockDue,
    BackInStockMissed,
    BackInStockReturned,
    BackInStockRequeued,
    BackInStockSettled,
    BackInStockWithdrawalRequested,
    BackInStockWithdrawn,
    BackInStockElapsed,
    BackInStockExpired,
    PersonErased,
    PersonExported,
    ProductIntroduced,
    PriceChangeRequested,
    PricePlanned,
    PriceDue,
    PricePlanWithdrawalRequested,
    PricePlanWithdrawn,
    PriceChanged,
    PriceChangeRejected,
    ProductDraftRequested,
    ProductDrafted,
    ProductVariantRequested,
    ProductVariantSet,
    ProductVariantWithdrawalRequested,
    ProductVariantWithdrawn,
    ProductVariantOfferRequested,
    ProductVariantOffered,
    ProductPublicationRequested,
    ProductPublished,
    ProductChangeRequested,
    ProductChanged,
    ProductWithdrawalRequested,
    ProductWithdrawn,
    ProductChangeRejected,
    DeliveryChangeRequested,
    DeliveryPlanned,
    DeliveryDue,
    DeliveryPlanWithdrawalRequested,
    DeliveryPlanWithdrawn,
    DeliveryChanged,
    DeliveryChangeRejected,
    MailResendRequested,
    MailBounced,
    SignInFailed,
    SourceSlowed,
    ConsumerFellBehind,
    ConsumerCaughtUp,
    AlertReported,
    AlertCauseGone,
    AlertRaised,
    AlertRepeated,
    AlertChangeRequested,
    AlertChanged,
    AlertChangeRefused,
    AlertMuteElapsed,
    AlertMailed,
    AlertPosted,
    AlertForgotten,
    SupplierChangeRequested,
    SupplierChanged,
    SupplierChangeRejected,
    RestockRuleRequested,
    RestockRuleChanged,
    RestockRuleRejected,
    RestockThresholdCrossed,
    RestockSoldOut,
    RestockThereAgain,
    RestockRecovered,
    PurchaseOrderLineRequested,
    PurchaseOrderDrafted,
    PurchaseOrderLinesChanged,
    PurchaseOrderChangeRequested,
    PurchaseOrderRefused,
    PurchaseOrderApproved,
    PurchaseOrderDue,
    PurchaseOrderLeftToStaff,
    PurchaseOrderSendRequested,
    PurchaseOrderDispatched,
    PurchaseOrderSent,
    PurchaseOrderSendFailed,
    PurchaseOrderConfirmed,
    PurchaseOrderOverdue,
    PurchaseOrderReceived,
    PurchaseOrderCancelled,
    PurchaseOrderNoticeRequested,
    PurchaseOrderNoticeAnswered,
    StockReceived,
    StockWriteOffRequested,
    StockWrittenOff,
    StockWriteOffRejected,
    StockBatchRequested,
    StockBatchAccepted,
    StockBatchRejected,
    StaffInvited,
    StaffInvitationMailed,
    StaffInvitationWithdrawn,
    StaffJoined,
    StaffRoleChanged,
    StaffRemoved,
    StaffPasswordChanged,
    StaffSecondStepChanged,
    StaffSignedIn,
    StaffSessionsEnded,
    ServiceRegistered,
    ServiceRevoked,
    SubscriptionSet,
    SubscriptionEnded,
}

/// Why an event of the log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error("unknown event type {0:?}: it was written by a newer version of the shop")]
    UnknownKind(String),
    #[error("the content of an event {kind:?} is not what that type holds: {source}")]
    Content {
        kind: String,
        source: serde_json::Error,
    },
}

/// The attribute that routes a parcel to its carrier.
pub const CARRIER: &str = "carrier";

impl Event {
    /// What it says about itself for those who route it, beside its name and topic: CloudEvents
    /// extension attributes.
    pub fn attributes(&self) -> Vec<(&'static str, &'static str)> {
        let gateway = match self {
            Self::PaymentRequested(event) => event.gateway,
            Self::PaymentVoidRequested(event) => event.gateway,
            Self::PaymentCaptureRequested(event) => event.gateway,
            Self::PaymentRefundRequested(event) => event.gateway,
            Self::PaymentCheckRequested(event) => event.gateway,
            Self::PaymentReauthorizationRequested(event) => event.gateway,
            Self::PaymentRefundCheckRequested(event) => event.gateway,
            _ => return self.carrier().into_iter().collect(),
        };
        vec![(Gateway::ATTRIBUTE, gateway.into_str())]
    }

    fn carrier(&self) -> Option<(&'static str, &'static str)> {
        let carrier = match self {
            Self::ShipmentPacked(event) => event.carrier,
            Self::ShipmentCarrierReported(event) => event.carrier,
            Self::ShipmentLabelRequested(event) => event.carrier,
            Self::ShipmentLabelCancelRequested(event) => event.carrier,
            Self::ReturnLabelRequested(event) => event.carrier,
            Self::ReturnCarrierReported(event) => event.carrier,
            _ => return None,
        };
        Some((CARRIER, carrier.into_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_survives_the_log() {
        let event = Event::from(OrderConfirmed {
            order_id: "0199c0a0-1111-7aaa-8bbb-123456789abc"
                .parse()
                .expect("an id"),
        });
        let json = event.to_json().expect("JSON");
        assert_eq!(
            json,
            r#"{"order_id":"0199c0a0-1111-7aaa-8bbb-123456789abc"}"#
        );
        assert_eq!(
            Event::from_json(event.kind(), &json).expect("the same"),
            event
        );
        assert_eq!((event.topic(), event.kind()), ("orders", "order.confirmed"));
    }

    #[test]
    fn what_is_not_an_event_says_why() {
        let error = |kind, data| {
            Event::from_json(kind, data)
                .expect_err("refused")
                .to_string()
        };
        assert!(error("order.lost", "{}").contains("unknown event type \"order.lost\""));
        assert!(error("order.confirmed", "{}").contains("missing field `order_id`"));
    }

    #[test]
    fn kinds_are_named_once() {
        let mut kinds = Event::KINDS.to_vec();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), Event::KINDS.len());
    }
}
