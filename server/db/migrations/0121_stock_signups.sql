-- Who wants to be told when a SKU is back. The log knows them by their ids alone.
create table stock_signups (
    id text primary key,
    sku text not null,
    email text not null,
    -- The email as it is searched by.
    email_key text not null,
    signed_up_at_us bigint not null,
    -- Until when they wait.
    until_us bigint not null,
    -- 1 while they wait, 0 once it was their turn.
    is_open bigint not null,
    -- When it was, unix microseconds; 0 while they wait.
    told_at_us bigint not null
);
create unique index stock_signups_open on stock_signups (email_key, sku) where is_open = 1;
create index stock_signups_by_email on stock_signups (email_key);
create index stock_signups_told on stock_signups (told_at_us) where told_at_us > 0;

-- Mails about something else than an order: the same table, without the reference to an order.
create table mails_of_all (
    -- The id of the event that led to it.
    id text primary key,
    -- The order it is about; empty where it is about something else.
    order_id text not null,
    -- The sign-up it answers; empty where it is about something else.
    signup_id text not null default '',
    -- What it is about where that is no order, such as a SKU.
    subject text not null default '',
    kind text not null,
    -- Position of the event that it tells: another one than what led to it when it was sent again.
    position bigint not null,
    -- The mail that was sent again; empty for one that an event of the order led to.
    resend_of text not null,
    message_id text not null,
    -- queued, sending, sent, failed or bounced
    state text not null,
    attempts bigint not null,
    -- When it may be taken up, unix microseconds: queued, then, sending, when whoever is at it must have
    -- ended. 0 when nothing is left to do.
    due_us bigint not null,
    -- What the last attempt ended with; empty when it went well.
    error text not null,
    queued_at_us bigint not null,
    changed_at_us bigint not null
);
insert into mails_of_all (id, order_id, signup_id, subject, kind, position, resend_of, message_id, state,
    attempts, due_us, error, queued_at_us, changed_at_us)
    select id, order_id, '', '', kind, position, resend_of, message_id, state, attempts, due_us, error,
    queued_at_us, changed_at_us from mails;
drop table mails;
alter table mails_of_all rename to mails;
create index mails_by_time on mails (queued_at_us, id);
create index mails_by_order on mails (order_id);
create index mails_by_signup on mails (signup_id) where signup_id <> '';
create index mails_due on mails (due_us) where due_us > 0;
