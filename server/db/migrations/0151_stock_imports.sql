-- Files of counts and thresholds that staff have given to the shop: kept for a day, so that what was checked is
-- what is followed.
create table stock_imports (
    -- At once the id of the batch that follows it.
    id text primary key,
    name text not null,
    -- Staff, by their id.
    author text not null,
    at_us bigint not null,
    content text not null
);
create index stock_imports_by_age on stock_imports (at_us);
