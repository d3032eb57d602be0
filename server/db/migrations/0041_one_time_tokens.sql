-- The request that a token was used for; empty until then.
alter table test_gateway_tokens add column used_for text not null default '';
create index test_gateway_tokens_by_age on test_gateway_tokens (created_at_us);
create index carts_by_age on carts (added_at_us);
