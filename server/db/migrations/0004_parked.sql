-- Events that a consumer could not handle yet, each with what became of it. The consumer's position
-- has passed them; later events of their key wait behind them.
create table parked (
    consumer text not null,
    -- The event's position in the log.
    position bigint not null,
    key text not null,
    -- retrying, held or dead
    state text not null,
    attempts bigint not null,
    -- When to try again, unix microseconds; 0 for at once.
    due_us bigint not null,
    -- What the last attempt failed with.
    error text not null,
    parked_at_us bigint not null,
    primary key (consumer, position)
);
