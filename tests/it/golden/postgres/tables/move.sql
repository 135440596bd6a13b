-- A table is moved to another schema, with all that is its own.

-- ## with
-- rename public.orders=archive.orders

-- ## before
CREATE SCHEMA archive;
CREATE TABLE orders (
    id serial PRIMARY KEY,
    note text
);
CREATE INDEX orders_note ON orders (note);

-- ## rows
INSERT INTO orders (note) VALUES ('a'), ('b');

-- ## after
CREATE SCHEMA archive;
CREATE TABLE archive.orders (
    id serial PRIMARY KEY,
    note text
);
CREATE INDEX orders_note ON archive.orders (note);

-- ## up
-- moves table public.orders to archive · ACCESS EXCLUSIVE on public.orders
-- warning rename-table public.orders
ALTER TABLE public.orders SET SCHEMA archive;

-- ## down
ALTER TABLE archive.orders SET SCHEMA public;

-- ## rows afterwards
-- archive.orders: (1,a) (2,b)
