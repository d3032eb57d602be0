-- Carts come back from the orders that end from now on. Those that ended before are history: whoever
-- hears of them for the first time must not act on them.
insert into consumers (name, position)
select 'cart_return', position from log_head where id = 1;
