-- What a member's app makes codes of, encrypted with a key made of the shop's secret.
create table staff_second_steps (
    member text primary key,
    secret text not null,
    -- 0 until a first code was shown.
    confirmed bigint not null,
    -- The time step of the code that was taken last: it is not taken again.
    last_step bigint not null
);
-- Codes for whoever has lost the app: keyed hashes, each good for once.
create table staff_recovery_codes (
    member text not null,
    code text not null,
    primary key (member, code)
);
