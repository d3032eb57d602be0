-- A row to write when somebody asks whether the database can be written.
create table write_probe (
    id bigint primary key check (id = 1),
    writes bigint not null
);
insert into write_probe (id, writes) values (1, 0);
