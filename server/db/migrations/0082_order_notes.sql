-- What staff write down about an order. Free text: it may hold personal data, and is in no event.
create table order_notes (
    id text primary key,
    order_id text not null references orders (id),
    at_us bigint not null,
    by_whom text not null,
    note text not null
);
create index order_notes_by_order on order_notes (order_id, at_us, id);
