-- The event log: append-only, positions gapless and in commit order.
create table events (
    position bigint primary key,
    id text not null unique,
    source text not null,
    type text not null,
    subject text not null,
    time_us bigint not null,
    topic text not null,
    -- What is ordered together: an order, a SKU.
    key text not null,
    correlation_id text not null,
    -- Empty for an event that a command caused.
    causation_id text not null,
    -- JSON.
    data text not null,
    -- CRC-32 over the other columns.
    checksum bigint not null
);
create index events_by_key on events (key, position);

-- The last position given out. Taken at the very end of a transaction, so that no reader can pass an
-- event that commits late.
create table log_head (
    id bigint primary key check (id = 1),
    position bigint not null
);
insert into log_head (id, position) values (1, 0);

-- How far each consumer has come.
create table consumers (
    name text primary key,
    position bigint not null
);
