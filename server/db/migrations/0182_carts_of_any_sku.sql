-- A cart holds what is for sale now, and not only what a shop began with. SQLite takes no reference away from a table,
-- so it is made anew.
create table carts_of_any_sku (
    line_id text primary key,
    shopper_id text not null,
    sku text not null,
    quantity bigint not null check (quantity between 1 and 10),
    gift_note text not null,
    added_at_us bigint not null,
    seen_price_minor bigint not null default 0,
    seen_delivery text not null default ''
);
insert into carts_of_any_sku (line_id, shopper_id, sku, quantity, gift_note, added_at_us, seen_price_minor, seen_delivery)
select line_id, shopper_id, sku, quantity, gift_note, added_at_us, seen_price_minor, seen_delivery from carts;
drop table carts;
alter table carts_of_any_sku rename to carts;
create index carts_by_shopper on carts (shopper_id, added_at_us);
create index carts_by_age on carts (added_at_us);
