-- What staff are to look at, as their page lists it: folded from the log.
create table alerts (
    id text primary key,
    kind text not null,
    subject text not null,
    -- 0 open, 1 acknowledged, 2 muted and not resolved, 3 resolved: the order of the list.
    place bigint not null,
    raised_at_us bigint not null,
    -- JSON: what the events so far have made of it.
    state text not null,
    -- Of the newest event about it.
    position bigint not null
);
create index alerts_by_place on alerts (place, raised_at_us desc, id desc);
