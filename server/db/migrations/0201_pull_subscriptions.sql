-- Subscriptions that somebody outside reads by request. How far each has come stands in consumers, what it has been
-- given or could not handle in parked.
create table pull_subscriptions (
    consumer text primary key,
    -- Patterns, with spaces between; none for every type, or every topic.
    types text not null,
    topics text not null,
    -- How long a reader has to answer.
    lease_us bigint not null,
    max_attempts bigint not null,
    begun_at_us bigint not null
);

-- Events that a reader has and has not answered. Each is parked until its lease ends, and is tried again then.
create table pull_leases (
    consumer text not null,
    position bigint not null,
    lease text not null,
    primary key (consumer, position)
);

-- What is first of its key decides for the key.
create index parked_by_key on parked (consumer, key, position);
