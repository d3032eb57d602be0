create table categories (
    slug text primary key,
    sort bigint not null,
    title text not null,
    description text not null
);

create table heroes (
    sort bigint primary key,
    -- JSON: picture and product slugs.
    data text not null
);

create table products (
    slug text primary key,
    sort bigint not null,
    category text not null references categories (slug),
    title text not null,
    -- JSON: description, materials, pictures, search-engine texts.
    data text not null
);

-- One row per SKU.
create table variants (
    sku text primary key,
    product text not null references products (slug),
    sort bigint not null,
    metal text not null,
    metal_label text not null,
    size_label text not null,
    barcode text not null,
    price_minor bigint not null check (price_minor > 0),
    -- 0 when there is no former price.
    compare_at_minor bigint not null,
    currency text not null,
    image bigint not null,
    reorder_threshold bigint not null
);
