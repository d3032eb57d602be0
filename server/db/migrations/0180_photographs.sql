-- Files of the pictures that staff have uploaded, under names of their content: a backup carries them. Such a file
-- never changes, and stays: orders and open pages show pictures that a product has no more.
create table photographs (
    -- `0a1b…-360.avif`
    name text primary key,
    -- In base 64.
    content text not null
);
