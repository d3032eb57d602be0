-- Which of several processes asks the outside world. No clock is asked: who wants a lease counts
-- `challenged` up, who holds it makes `answered` equal, and a challenge that stays unanswered for a
-- while passes it on.
create table leases (
    name text primary key,
    -- Names a running process; empty when it was given up.
    holder text not null,
    -- Counts the holders; who holds an older one writes nothing any more.
    fence bigint not null,
    challenged bigint not null,
    answered bigint not null
);

-- What a reactor keeps beside its position.
create table reactors (
    name text primary key,
    -- Events after the position that are dealt with, as runs `skip+length`, each counted from the end
    -- of the one before.
    beyond text not null
);

-- Damaged positions of the log that every reader steps over: somebody looked at them and decided so.
create table quarantined (
    position bigint primary key,
    damage text not null,
    by_whom text not null,
    at_us bigint not null
);
