-- Defaults come, change and go.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    status text DEFAULT 'new',
    total numeric DEFAULT 0,
    placed timestamptz
);

-- ## rows
INSERT INTO orders VALUES (1);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    status text DEFAULT 'open',
    total numeric,
    placed timestamptz DEFAULT now()
);

-- ## up
-- changes default public.orders.total; changes default public.orders.status; changes default public.orders.placed · ACCESS EXCLUSIVE on public.orders
ALTER TABLE public.orders
    ALTER COLUMN total DROP DEFAULT,
    ALTER COLUMN status SET DEFAULT 'open'::text,
    ALTER COLUMN placed SET DEFAULT now();

-- ## down
ALTER TABLE public.orders
    ALTER COLUMN placed DROP DEFAULT,
    ALTER COLUMN status SET DEFAULT 'new'::text,
    ALTER COLUMN total SET DEFAULT 0;

-- ## rows afterwards
-- public.orders: (1,new,0,)
