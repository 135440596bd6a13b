-- Other columns in the middle: PostgreSQL adds them at the end, and it is said.

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
    customer integer,
    note text
);

-- ## up
-- adds column public.orders.customer · ACCESS EXCLUSIVE on public.orders
ALTER TABLE public.orders ADD COLUMN customer integer;

-- ## down
ALTER TABLE public.orders DROP COLUMN customer;

-- ## notes
-- The columns of public.orders keep their places: PostgreSQL adds new ones at the end

-- ## rows afterwards
-- public.orders: (1,first,) (2,,) (3,third,)
