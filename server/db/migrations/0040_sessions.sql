-- Ids were kept as browsers have them; they are hashes now, so everybody signs in once more.
delete from sessions;
alter table sessions add column staff text not null default '';
-- Of the password with which they signed in.
alter table sessions add column mark text not null default '';
alter table sessions add column began_us bigint not null default 0;
create index sessions_by_staff on sessions (staff);
create index sessions_by_end on sessions (expires_at_us);
-- 1 when the settings name this member of staff, and not a person on the command line. Until now
-- only the settings did.
alter table staff add column from_settings bigint not null default 0;
update staff set from_settings = 1;
