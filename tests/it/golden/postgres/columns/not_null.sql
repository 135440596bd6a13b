-- Columns refuse NULL from now on; one of them has a default.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text,
    status text DEFAULT 'open',
    total numeric NOT NULL
);

-- ## rows
INSERT INTO orders VALUES (1, 'a', 'open', 1), (2, 'b', 'paid', 2);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text NOT NULL,
    status text NOT NULL DEFAULT 'open',
    total numeric
);

-- ## up
-- refuses NULL in public.orders.note; refuses NULL in public.orders.status; changes column public.orders.total · ACCESS EXCLUSIVE on public.orders
-- notice set-not-null public.orders.note: no row has NULL in note; 2 rows, 16.0 kB
-- notice set-not-null public.orders.status: no row has NULL in status; 2 rows, 16.0 kB
-- notice drop-not-null public.orders.total
ALTER TABLE public.orders
    ALTER COLUMN note SET NOT NULL,
    ALTER COLUMN status SET NOT NULL,
    ALTER COLUMN total DROP NOT NULL;

-- ## down
ALTER TABLE public.orders
    ALTER COLUMN note DROP NOT NULL,
    ALTER COLUMN status DROP NOT NULL,
    ALTER COLUMN total SET NOT NULL;

-- ## rows afterwards
-- public.orders: (1,a,open,1) (2,b,paid,2)
