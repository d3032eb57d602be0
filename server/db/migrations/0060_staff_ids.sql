-- How the log names a member of staff: it is kept for ever, an email is not. The next start gives one to
-- whoever has none.
alter table staff add column id text not null default '';
