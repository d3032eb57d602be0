-- How far a replay is, for those who wait for it.
alter table replays add column folded_to bigint not null default 0;
