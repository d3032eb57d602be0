-- What orders are searched by, in lower case: the email, and the name from its first, its second, its
-- third and its last word on. Not known of an order of before until the shop has opened.
alter table orders add column email_key text collate {exact};
alter table orders add column name_key text collate {exact};
alter table orders add column name_key_2 text collate {exact};
alter table orders add column name_key_3 text collate {exact};
alter table orders add column name_key_4 text collate {exact};
create index orders_by_email on orders (email_key, placed_at_us, id) where email_key is not null;
create index orders_by_name on orders (name_key, placed_at_us, id) where name_key is not null;
create index orders_by_name_2 on orders (name_key_2, placed_at_us, id) where name_key_2 is not null;
create index orders_by_name_3 on orders (name_key_3, placed_at_us, id) where name_key_3 is not null;
create index orders_by_name_4 on orders (name_key_4, placed_at_us, id) where name_key_4 is not null;
create index orders_without_keys on orders (id) where email_key is null;
