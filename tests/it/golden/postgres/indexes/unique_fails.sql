-- A unique index over values that occur twice.

-- ## with
-- fails

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text,
    total numeric
);

-- ## rows
INSERT INTO orders VALUES (1, 'a', 1), (2, 'A', 2), (3, 'b', 3), (4, NULL, 4);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text,
    total numeric
);

CREATE UNIQUE INDEX orders_note ON orders (lower(note));

-- ## up
-- makes index public.orders.orders_note · SHARE on public.orders
-- danger add-unique public.orders.orders_note: 1 value of lower(note) occurring more than once: a
-- notice index-not-concurrent public.orders.orders_note: 4 rows, 16.0 kB
CREATE UNIQUE INDEX orders_note ON public.orders USING btree (lower(note));

-- ## failure
-- could not create unique index "orders_note". Key (lower(note))=(a) is duplicated
-- CREATE UNIQUE INDEX orders_note ON public.orders USING btree (lower(note))
-- Everything was rolled back: the database is as it was

-- ## down
DROP INDEX public.orders_note;
