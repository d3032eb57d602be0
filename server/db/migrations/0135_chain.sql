-- A hash over each event and the hash of the one before it; empty for events of before.
alter table events add column chain text not null default '';
