create table tokens (
    token text primary key,
    outcome text not null,
    brand text not null,
    last4 text not null,
    used_for text not null,
    created_at_us integer not null
) without rowid;
create index tokens_by_age on tokens (created_at_us);

create table payments (
    seq integer primary key,
    id text not null unique,
    idempotency_key text not null unique,
    reference text not null,
    attempt integer not null,
    amount_minor integer not null,
    currency text not null,
    status text not null,
    decline_reason text not null,
    -- What the bank says once the shopper has proved who they are.
    outcome text not null,
    return_url text not null,
    -- Of what is held: when it is let go. Of what waits for the shopper: when it is given up. 0: never.
    expires_at_us integer not null,
    created_at_us integer not null
);
create index payments_that_expire on payments (expires_at_us) where expires_at_us > 0;

create table movements (
    idempotency_key text primary key,
    payment_id text not null,
    kind text not null,
    amount_minor integer not null,
    created_at_us integer not null
) without rowid;
create index movements_of on movements (payment_id);
create index movements_by_time on movements (created_at_us);

-- What is to be told, until it is told.
create table deliveries (
    id text primary key,
    body text not null,
    attempts integer not null,
    due_at_us integer not null,
    created_at_us integer not null
) without rowid;
create index deliveries_due on deliveries (due_at_us);
