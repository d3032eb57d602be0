-- Which log this is. A database that was restored from a backup is another one: positions that were
-- told to somebody may be given out a second time.
create table log_identity (
    id bigint primary key check (id = 1),
    identity text not null,
    -- Where the server keeps the database, as far as that tells a restored one apart.
    place text not null
);
