-- What was sold, in numbers: one row per stretch of time in which anything happened, folded from the log.
create table sales_figures (
    -- How long the stretch is: minute, hour or day. Minutes and hours are kept for some hours and days.
    step text not null,
    -- Its beginning, unix microseconds; of a day the midnight at UTC of the workshop's date.
    at_us bigint not null,
    checkouts bigint not null,
    placed bigint not null,
    declined bigint not null,
    sold bigint not null,
    pieces bigint not null,
    sold_minor bigint not null,
    cancelled bigint not null,
    cancelled_minor bigint not null,
    collected_minor bigint not null,
    refunded_minor bigint not null,
    primary key (step, at_us)
);

-- The pieces of it, by SKU.
create table sales_of_skus (
    step text not null,
    at_us bigint not null,
    sku text not null,
    pieces bigint not null,
    sold_minor bigint not null,
    primary key (step, at_us, sku)
);
