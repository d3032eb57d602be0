-- Refunds that were taken on and not done at once. What is done stands among the movements, too.
create table refunds (
    id text primary key,
    idempotency_key text not null unique,
    payment_id text not null,
    amount_minor integer not null,
    -- pending, done or failed
    status text not null,
    created_at_us integer not null
) without rowid;
create index refunds_of on refunds (payment_id);
