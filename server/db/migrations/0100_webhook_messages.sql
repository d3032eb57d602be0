-- Messages of gateways and carriers that were taken: one that comes again changes nothing.
create table webhook_messages (
    -- Whose it is and its id there: carriers/simulator ID
    id text primary key,
    taken_at_us bigint not null
);
create index webhook_messages_by_age on webhook_messages (taken_at_us);
