-- Up to where the news of each carrier were asked for.
create table carrier_positions (
    carrier text primary key,
    -- The name of the carrier's books: positions of other ones mean nothing.
    book text not null,
    position bigint not null
);
