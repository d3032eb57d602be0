//! The shop's services: the deciders and reactors that drive an order, and the commands and queries that pages use.
//!
//! Deciders and reactors never import one another; they meet through events. [`roster`] names them all: a new one is one
//! new file and one line there.

mod acting_member;
mod alert_desk;
mod alert_list;
mod alert_mail;
mod alert_webhook;
mod alerts;
mod answers;
mod astray;
mod audit;
mod back_in_stock;
pub mod carrier;
mod carrier_news;
mod carrier_reference;
mod cart_return;
mod carts;
mod catalogue;
mod checkout;
mod checkout_hold;
mod cloud_event;
mod consumer_rates;
mod consumer_watch;
mod count_sheets;
mod csv_fields;
mod delivery;
mod delivery_terms;
mod desk_list;
mod desk_order;
#[cfg(test)]
mod desk_plans;
mod desk_search;
mod event_reader;
mod event_schema;
mod event_search;
mod events;
mod fingerprints;
pub mod gateway;
mod holds;
mod house;
mod http_carrier;
mod idempotency;
mod incoming;
mod inventory;
mod invitation_mail;
mod invitations;
mod labels;
mod ledger_csv;
mod ledger_pages;
mod levels;
mod log_desk;
mod look_back;
mod mail_desk;
mod marks;
mod monitoring;
pub mod notification;
mod open_alerts;
mod order_address;
mod order_desk;
mod order_links;
mod order_list;
mod order_lookup;
mod order_notes;
mod order_past;
mod order_record;
mod order_rest;
mod order_review;
mod order_rows;
mod orders;
mod papers;
mod parcels;
mod passwords;
mod payment;
mod payment_calls;
mod payment_news;
mod persons;
mod photographs;
mod pick_list;
mod post_office;
mod presence;
mod prices;
mod product_desk;
mod product_pages;
mod product_texts;
mod products;
mod public_pages;
mod purchase_desk;
mod purchase_orders;
mod purchasing;
mod queues;
mod rebuilds;
mod reservations;
mod restock;
mod restock_list;
mod result;
mod retention;
mod returns;
mod rows_in;
mod sales;
mod sales_page;
mod search_keys;
mod second_step;
mod seed;
mod seen_order;
mod sent_events;
mod service_accounts;
mod sessions;
mod settings;
pub mod settlement;
mod shelf;
mod shipping;
mod shop;
mod signed_message;
mod signup_links;
mod signup_pace;
mod signup_rows;
mod signups;
pub mod simulator;
mod slowed;
mod sql_views;
mod staff;
mod staff_acts;
mod staff_names;
mod staff_secrets;
mod state_rebuild;
mod stock_batches;
mod stock_counts;
mod stock_files;
mod stock_imports;
mod stock_ledger;
mod stored_orders;
pub mod stripe;
mod stripe_payment;
mod subscriptions;
mod summary;
mod supplier_papers;
mod supplier_post;
mod visitor;
mod webhooks;
mod what_if;

use std::sync::Arc;

use broker::{Log, Roster};

pub use acting_member::member_who_may;
pub use alert_webhook::{AlertHook, Sign};
pub use audit::{audit_csv, audit_csv_head};
pub use carrier::CarrierNews;
pub use cloud_event::{CloudEvent, outside_form, wrong_fields};
pub use delivery_terms::{DeliveryAnswer, NewTerms, change_delivery, stored_delivery};
pub use event_reader::{Asked, EventsRead};
pub use event_search::{EventMatcher, event_kinds};
pub use events::decode;
pub use fingerprints::Fingerprints;
pub use gateway::PaymentGateway;
pub use holds::HoldLimits;
pub use house::{House, NoMailbox};
pub use http_carrier::HttpCarrier;
pub use idempotency::{Claim, Keyed};
pub use invitations::{Invited, invite};
pub use ledger_csv::{ledger_csv, ledger_csv_head};
pub use levels::{Changed, LevelChange, Levels};
pub use log_desk::log_view;
pub use look_back::look_back;
pub use order_desk::is_listed;
pub use order_record::{LogHead, OrderRecord, RecordedStep, difference, differences};
pub use persons::{Person, PersonOrder, erase_person, export_person, look_person_up};
pub use presence::Presence;
pub use prices::{NewPrice, PriceAnswer, change_price};
pub use public_pages::{PublicPage, PublicPages};
pub use purchase_orders::{purchase_lines, purchase_rows};
pub use result::Result;
pub use retention::{Lives, Swept};
pub use sales::is_of_sales;
pub use seed::Seed;
pub use sent_events::{Accepted, MAX_BATCH, MAX_EVENT};
pub use service_accounts::{
    AskedService, ServiceAccount, ServiceRow, ServiceToken, register_service, revoke_service,
    service_rows,
};
pub use sessions::{Ended, SessionTimes, StoredSession};
pub use settings::ShopSettings;
pub use shop::{Shelf, ShelfVersion, Shop, is_of_purchasing};
pub use signups::PersonSignup;
pub use sql_views::create_sql_views;
pub use staff::{
    Half, Member, SignIn, remove_staff, reset_second_step, set_staff_password, set_staff_role,
    sign_staff_out, staff_members,
};
pub use staff_acts::is_act;
pub use staff_names::StaffNames;
pub use staff_secrets::{FOLDER as JOIN, StaffSecrets};
pub use stock_batches::{BatchNotDone, set_many};
pub use stock_files::{inventory_csv_head, inventory_csv_line};
pub use stock_imports::{Imported, await_ledgers, import_stock, stored_inventory};
pub use subscriptions::{
    Acknowledgement, Begin, DeadLetter, FailedEvent, NamedBegin, NewSubscription, Outcome,
    SubscriptionView,
};
pub use summary::event_row;
pub use supplier_papers::{SupplierPapers, csv as purchase_csv};
pub use supplier_post::SupplierPost;
pub use visitor::{Staff, Visitor};
pub use webhooks::Taken;

/// What lies outside the shop, and is asked.
#[derive(Clone, Default)]
pub struct Outside {
    /// The gateway that moves no money.
    pub simulator: Option<Arc<dyn PaymentGateway>>,
    pub stripe: Option<Arc<dyn PaymentGateway>>,
    /// `None` when customers are told nothing.
    pub mailer: Option<notification::Mailer>,
    /// Where the house is written to when there is an alert.
    pub alerts_to: Option<String>,
    /// What is told by HTTP when there is one.
    pub alert_hook: Option<AlertHook>,
    /// `None` where purchase orders are given to nobody.
    pub suppliers: Option<SupplierPost>,
    /// `None` when every parcel is brought away by hand.
    pub carrier: Option<(Arc<dyn carrier::Carrier>, Log)>,
}

/// Those alone who watch what happens and say what staff are to look at: for measuring them.
pub fn watching(settings: &ShopSettings) -> Roster {
    Roster::new()
        .decider(monitoring::Monitoring::new(settings))
        .decider(alerts::Alerts)
}

/// Everyone who takes part in the shop: one line each. Without an outside world nobody is asked; the
/// command line needs the names alone.
pub fn roster(settings: &ShopSettings, outside: Option<Outside>) -> Roster {
    // With an outside, but nobody to tell customers anything, what happens is told to nobody later.
    let mailer = outside.as_ref().map(|outside| outside.mailer.clone());
    let is_outside = outside.is_some();
    let Outside {
        simulator,
        stripe,
        carrier,
        alerts_to,
        alert_hook,
        suppliers,
        mailer: house_mailer,
    } = outside.unwrap_or_default();
    let post = house_mailer.map(post_office::PostOffice::new);
    let to = post.clone().zip(alerts_to);
    Roster::new()
        .decider(inventory::Inventory::new(settings))
        .decider(orders::Orders::new(settings))
        .decider(products::Products)
        .decider(delivery::DeliveryFees)
        .decider(back_in_stock::BackInStock::new(settings))
        .decider(restock::Restock)
        .decider(purchasing::Purchasing)
        .decider(monitoring::Monitoring::new(settings))
        .decider(alerts::Alerts)
        .consumer(cart_return::CartReturn)
        .consumer(order_desk::OrderDesk)
        .consumer(signup_rows::SignupRows)
        .consumer(purchase_desk::PurchaseDesk)
        .consumer(alert_desk::AlertDesk)
        .consumer(stock_ledger::StockLedger)
        .consumer(staff_acts::StaffActs)
        .consumer(sales::Sales)
        .reactor(simulator.map(|gateway| payment::Payment { gateway }))
        .reactor(stripe.map(|gateway| stripe_payment::StripePayment { gateway }))
        .reactor(carrier.map(|(carrier, log)| shipping::Shipping { carrier, log }))
        .reactor(mailer.map(|mailer| notification::Notification { mailer }))
        .reactor(is_outside.then_some(invitation_mail::InvitationMail { post }))
        .reactor(is_outside.then_some(alert_mail::AlertMail { to }))
        .reactor(is_outside.then_some(alert_webhook::AlertWebhook { hook: alert_hook }))
        .reactor(is_outside.then_some(supplier_post::SupplierOrders { post: suppliers }))
}
