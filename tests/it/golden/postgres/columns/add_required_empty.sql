-- A column that must have a value, in a table without rows.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text
);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text,
    customer integer NOT NULL
);

-- ## up
-- adds column public.orders.customer, which must not be NULL · ACCESS EXCLUSIVE on public.orders
-- notice add-required-column public.orders.customer: it has no rows
ALTER TABLE public.orders ADD COLUMN customer integer NOT NULL;

-- ## down
ALTER TABLE public.orders DROP COLUMN customer;
