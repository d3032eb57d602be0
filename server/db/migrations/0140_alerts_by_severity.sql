-- The worst of each state stand first, and those that were resolved long ago are deleted.
alter table alerts add column severity bigint not null default 0;
-- Unix microseconds; 0 while it is not resolved.
alter table alerts add column resolved_at_us bigint not null default 0;
update alerts set severity = 1 where state like '%"severity":"warning"%';
update alerts set severity = 2 where state like '%"severity":"critical"%';
update alerts set resolved_at_us = raised_at_us where place = 3;
drop index alerts_by_place;
create index alerts_by_place on alerts (place, severity desc, raised_at_us desc, id desc);
create index alerts_resolved on alerts (resolved_at_us) where place = 3;
