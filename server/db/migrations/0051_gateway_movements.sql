-- What the test gateway did with money after it was authorized.
create table test_gateway_movements (
    idempotency_key text primary key,
    authorization_id text not null,
    -- capture or refund
    kind text not null,
    amount_minor bigint not null check (amount_minor > 0),
    created_at_us bigint not null
);
create index test_gateway_movements_of on test_gateway_movements (authorization_id);
create index test_gateway_payments_by_authorization on test_gateway_payments (authorization_id);
