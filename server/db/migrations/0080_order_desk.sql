-- The orders as staff list them: how each stands, folded from the log. Who ordered and where it goes
-- stands in orders alone.
create table order_desk (
    order_id text primary key,
    -- As in orders, for its beginning to be searched.
    number_bits text collate {exact} not null,
    placed_at_us bigint not null,
    status text not null,
    pieces bigint not null,
    -- JSON: what the events so far have made of the order.
    state text not null,
    -- Of the newest event about the order.
    position bigint not null
);
create index order_desk_by_age on order_desk (placed_at_us, order_id);
create index order_desk_by_status on order_desk (status, placed_at_us, order_id);
create index order_desk_by_number on order_desk (number_bits);
create index order_desk_by_position on order_desk (position);

-- Orders of each status, so that nobody counts them.
create table order_desk_counts (
    status text primary key,
    orders bigint not null
);

-- Which orders have a SKU on one of their lines.
create table order_desk_skus (
    sku text not null,
    placed_at_us bigint not null,
    order_id text not null,
    primary key (sku, placed_at_us, order_id)
);
