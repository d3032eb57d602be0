create table carts (
    line_id text primary key,
    shopper_id text not null,
    sku text not null references variants (sku),
    quantity bigint not null check (quantity between 1 and 10),
    gift_note text not null,
    added_at_us bigint not null
);
create index carts_by_shopper on carts (shopper_id, added_at_us);

-- What an order was when it was placed. Personal data stands here and not in the log, so that it can
-- be erased; how the order fares is in the log.
create table orders (
    id text primary key,
    shopper_id text not null,
    placed_at_us bigint not null,
    email text not null,
    name text not null,
    street text not null,
    postal_code text not null,
    city text not null,
    country text not null,
    delivery text not null,
    -- JSON: lines with price and gift note.
    lines text not null,
    subtotal_minor bigint not null,
    delivery_minor bigint not null,
    total_minor bigint not null,
    currency text not null
);
create index orders_by_shopper on orders (shopper_id, placed_at_us);

-- The process manager's state; derived from the log alone.
create table order_progress (
    order_id text primary key,
    status text not null,
    attempts bigint not null,
    total_minor bigint not null,
    currency text not null,
    -- JSON: SKU and quantity, for the release.
    lines text not null,
    -- The card to ask next; empty when there is none.
    payment_token text not null,
    -- End of the payment window; 0 while nothing is reserved.
    reserved_until_us bigint not null
);
create index order_progress_waiting on order_progress (status, reserved_until_us);

create table stock (
    sku text primary key,
    on_hand bigint not null,
    allocated bigint not null,
    -- The last guard under the domain's own: never oversold, never negative.
    check (allocated >= 0 and allocated <= on_hand)
);

create table staff (
    email text primary key,
    password_hash text not null
);

create table sessions (
    id text primary key,
    -- JSON.
    data text not null,
    expires_at_us bigint not null
);

-- The test gateway's own books, as if they stood in another house.
create table test_gateway_tokens (
    token text primary key,
    outcome text not null,
    brand text not null,
    last4 text not null,
    created_at_us bigint not null
);

create table test_gateway_payments (
    idempotency_key text primary key,
    reference text not null,
    amount_minor bigint not null,
    currency text not null,
    -- authorized or declined
    status text not null,
    -- JSON: the reason, or null.
    decline_reason text not null,
    authorization_id text not null,
    created_at_us bigint not null
);
create index test_gateway_payments_by_reference on test_gateway_payments (reference);
