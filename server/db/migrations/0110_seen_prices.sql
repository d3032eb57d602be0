-- The price at which a piece was put into the cart, or that was accepted since: another one is shown beside it. 0 where nobody
-- knows.
alter table carts add column seen_price_minor bigint not null default 0;
