-- What each decider keeps per key, as JSON. A replay writes rows of the next generation beside those in
-- use; which ones are in use stands in the decider's row of consumers.
create table decider_states (
    decider text not null,
    generation bigint not null,
    key text not null,
    state text not null,
    -- When the state moves on by itself, unix microseconds; 0 for never.
    deadline_us bigint not null,
    primary key (decider, generation, key)
);
create index decider_states_by_deadline on decider_states (deadline_us, key) where deadline_us > 0;

alter table consumers add column generation bigint not null default 0;

-- The generation that a replay writes.
alter table replays add column generation bigint not null default 0;
