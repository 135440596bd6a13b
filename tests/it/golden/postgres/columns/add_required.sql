-- A column that must have a value and gets none: it fails, as there are rows.

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
    note text,
    customer integer NOT NULL
);

-- ## up
-- adds column public.orders.customer, which must not be NULL · ACCESS EXCLUSIVE on public.orders
-- danger add-required-column public.orders.customer: 3 rows without a value for it
ALTER TABLE public.orders ADD COLUMN customer integer NOT NULL;

-- ## failure
-- column "customer" of relation "orders" contains null values
-- ALTER TABLE public.orders ADD COLUMN customer integer NOT NULL
-- Everything was rolled back: the database is as it was

-- ## down
ALTER TABLE public.orders DROP COLUMN customer;
