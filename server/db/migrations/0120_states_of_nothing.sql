-- Checkouts that hold nothing any more have left a row each. From now on such a row is removed when it says nothing more.
delete from decider_states where decider = 'inventory' and key like 'reservation/%' and deadline_us = 0;
