-- Orders to suppliers, as staff list them: folded from the log.
create table purchase_orders (
    id text primary key,
    supplier text not null,
    status text not null,
    -- 1 while it should have come and has not.
    is_overdue bigint not null,
    opened_us bigint not null,
    -- What it is searched by, in lower case: its number, its supplier, its SKUs.
    search text not null,
    -- JSON: what the events so far have made of it.
    state text not null,
    -- Of the newest event about it.
    position bigint not null
);
create index purchase_orders_by_age on purchase_orders (opened_us, id);
-- With is_overdue, so that counting by tab reads the index alone.
create index purchase_orders_by_status on purchase_orders (status, opened_us, id, is_overdue);
create index purchase_orders_overdue on purchase_orders (opened_us, id) where is_overdue = 1;
