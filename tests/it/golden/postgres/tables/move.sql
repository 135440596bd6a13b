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
-- renames table public.orders to orders · ACCESS EXCLUSIVE on public.orders
-- warning rename-table public.orders
-- notice exclusive-lock public.orders: 2 rows, 16.0 kB
ALTER TABLE "public"."orders" SET SCHEMA "archive";

-- ## down
ALTER TABLE "archive"."orders" SET SCHEMA "public";

-- ## rows afterwards
-- archive.orders: (1,a) (2,b)
