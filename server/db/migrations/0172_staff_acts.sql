-- What staff have done, out of the log: one row per event that somebody of them asked for.
create table staff_acts (
    position bigint primary key,
    event_id text not null,
    at_us bigint not null,
    kind text not null,
    -- The part of the kind before its dot.
    noun text not null,
    author text not null
);
create index staff_acts_by_author on staff_acts (author, position);
create index staff_acts_by_noun on staff_acts (noun, position);
create index staff_acts_by_time on staff_acts (at_us);
