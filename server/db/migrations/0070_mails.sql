-- The mails that the shop has written to its customers, one for each event that is told. What they say
-- is made of the order and the event whenever somebody looks; to whom they went is in the orders table.
create table mails (
    -- The id of the event that led to it.
    id text primary key,
    order_id text not null references orders (id),
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
create index mails_by_time on mails (queued_at_us, id);
create index mails_by_order on mails (order_id);
create index mails_due on mails (due_us) where due_us > 0;
