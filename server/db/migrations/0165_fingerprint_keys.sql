-- Keys of the hashes by which the log tells that two commands came from the same place: one for each period, made
-- at random and deleted when its period has ended, so that nobody can make the same hash again.
create table fingerprint_keys (
    -- Counted from 1970.
    period bigint primary key,
    -- Hexadecimal digits.
    secret text not null
);
