-- What was typed into the form of a product and refused, until it is shown again: too much for a cookie.
create table refused_product_forms (
    -- Staff, by their id.
    author text not null,
    product text not null,
    at_us bigint not null,
    form text not null,
    primary key (author, product)
);
