-- The terms of delivery that the shopper has seen and agreed to, with each line of the cart: standard, express and the value
-- from which on it is free, in minor units. Empty where nobody knows.
alter table carts add column seen_delivery text not null default '';
