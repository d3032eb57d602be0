-- What an event says about itself for those who route it: JSON, empty when there is nothing.
alter table events add column attributes text not null default '';

-- For the story of an order: every event that the same command led to.
create index events_by_correlation on events (correlation_id, position);
