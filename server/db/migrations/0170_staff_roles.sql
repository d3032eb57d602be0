-- What a member of staff is there for. Until now everybody could do everything.
alter table staff add column role text not null default 'owner';
-- 0 for whoever was there before this was noted.
alter table staff add column joined_at_us bigint not null default 0;

-- Who may become a member, by the id that they will have. The link is made of the invitation's id with the shop's
-- secret, which the database does not hold: whoever reads a row can open nothing with it. The first owner's link has
-- no email.
create table staff_invitations (
    member text primary key,
    invitation text not null,
    email text not null,
    role text not null,
    invited_at_us bigint not null,
    expires_at_us bigint not null,
    by_whom text not null
);
create unique index staff_invitations_by_invitation on staff_invitations (invitation);
create unique index staff_invitations_by_email on staff_invitations (email);

-- The browser as words, where it came from (shortened), and when it was used last.
alter table sessions add column browser text not null default '';
alter table sessions add column address text not null default '';
alter table sessions add column used_us bigint not null default 0;
