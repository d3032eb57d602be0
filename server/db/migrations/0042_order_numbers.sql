-- What an order's number is made of: the last 40 bits of its id, as text. The browser makes the id, so
-- that two orders have one number must be refused. Of orders from before, the first keeps its number.
alter table orders add column number_bits text;
update orders set number_bits = substr(id, 27)
where id in (select min(id) from orders group by substr(id, 27));
create unique index orders_by_number on orders (number_bits);
