-- A column refuses NULL, and a row has it.

-- ## with
-- fails

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text
);

-- ## rows
INSERT INTO orders VALUES (1, 'first'), (2, NULL), (3, 'third');

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text NOT NULL
);

-- ## up
-- refuses NULL in public.orders.note · ACCESS EXCLUSIVE on public.orders
-- danger set-not-null public.orders.note: 1 row has NULL in note: id = 2
ALTER TABLE public.orders ALTER COLUMN note SET NOT NULL;

-- ## failure
-- column "note" of relation "orders" contains null values
-- ALTER TABLE public.orders ALTER COLUMN note SET NOT NULL
-- Everything was rolled back: the database is as it was

-- ## down
ALTER TABLE public.orders ALTER COLUMN note DROP NOT NULL;
