-- The replay that is building a consumer's table anew: the one that began last. An earlier one that
-- still runs finds that it is not the one named here, and ends.
create table replays (
    consumer text primary key,
    token text not null
);
