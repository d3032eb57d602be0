-- Asked for since then; empty where it was not given.
alter table orders add column street_2 text not null default '';
alter table orders add column phone text not null default '';
-- Browsers that may open an order which they did not place: they named its number and email.
create table order_grants (
    order_id text not null references orders (id),
    shopper_id text not null,
    granted_at_us bigint not null,
    primary key (shopper_id, order_id)
);
create index order_grants_by_age on order_grants (granted_at_us);
