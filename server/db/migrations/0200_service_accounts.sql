-- Programs of others that take part in the log by HTTP.
create table service_accounts (
    name text primary key,
    -- SHA-256 of the token, which stands nowhere else; empty for one that is revoked.
    token_hash text not null,
    -- What it may send and read, as text that the program reads.
    grants text not null,
    registered_at_us bigint not null,
    -- 0 for one that does not end by itself.
    expires_at_us bigint not null,
    by_whom text not null
);
create index service_accounts_by_token on service_accounts (token_hash);

-- What services have sent, so that it is taken once. Kept for as long as the log.
create table sent_events (
    service text not null,
    -- The CloudEvents source and id.
    source text not null,
    id text not null,
    -- SHA-256 of what was sent.
    digest text not null,
    -- The id that the log gave it.
    event_id text not null,
    primary key (service, source, id)
);
