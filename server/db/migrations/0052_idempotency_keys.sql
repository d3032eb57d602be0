-- Answers to commands that came with a key.
create table idempotency_keys (
    -- Digest of the visitor and the key.
    key text primary key,
    -- Digest of what was sent.
    request text not null,
    claimed_at_us bigint not null,
    -- JSON: status, headers and body; empty while the command runs.
    answer text not null
);
create index idempotency_keys_by_age on idempotency_keys (claimed_at_us);
