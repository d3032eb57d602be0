-- The ledger of each SKU: every movement of its stock, folded from the log.
create table stock_movements (
    sku text not null,
    -- Of the event that tells it.
    position bigint not null,
    at_us bigint not null,
    kind text not null,
    -- Pieces more, or fewer: in the house, promised to orders, held by checkouts.
    on_hand_change bigint not null,
    allocated_change bigint not null,
    reserved_change bigint not null,
    -- And how many there were after it.
    on_hand bigint not null,
    allocated bigint not null,
    reserved bigint not null,
    -- What it belongs to: order:ID or purchase:ID, or nothing.
    subject text not null,
    reason text not null,
    -- Who the event names; who else it was stands in its cause.
    author text not null,
    -- Id of the event that led to it, or nothing.
    cause text not null,
    primary key (sku, position)
);
create index stock_movements_in_house on stock_movements (sku, position) where on_hand_change <> 0;

-- How far the ledger of each SKU is: one row per SKU, so that nobody looks for the last movement or counts them.
create table stock_ledgers (
    sku text primary key,
    on_hand bigint not null,
    allocated bigint not null,
    reserved bigint not null,
    -- Movements, and those that changed what is in the house.
    movements bigint not null,
    in_house bigint not null,
    -- The last one that was not of a checkout; nothing before the first.
    last_kind text not null,
    last_at_us bigint not null,
    -- Of the newest event about the SKU.
    position bigint not null
);
