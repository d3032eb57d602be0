-- Where the bill goes, as JSON; empty where that is the delivery address.
alter table orders add column billing text not null default '';
