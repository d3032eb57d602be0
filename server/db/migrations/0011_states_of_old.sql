-- What the inventory and the orders remember is kept by the broker now, and is built out of the log when
-- the shop starts for the first time after this.
drop table stock;
drop table order_progress;
