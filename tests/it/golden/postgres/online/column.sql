-- Columns: what is quick anyhow, and a rewrite that nothing can avoid.

-- ## with
-- online

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note varchar(10),
    total integer
);

-- ## rows
INSERT INTO orders VALUES (1, 'a', 1);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note varchar(20),
    total bigint,
    status text NOT NULL DEFAULT 'open'
);

-- ## up
-- sets up the transaction
SET LOCAL lock_timeout = '4s';

-- changes public.orders.note from character varying(10) to character varying(20); changes public.orders.total from integer to bigint; adds column public.orders.status · ACCESS EXCLUSIVE on public.orders · writes public.orders anew
-- notice rewrite-table public.orders: 1 row, 8.0 kB
ALTER TABLE public.orders
    ALTER COLUMN note TYPE character varying(20),
    ALTER COLUMN total TYPE bigint,
    ADD COLUMN status text DEFAULT 'open'::text NOT NULL;

-- ## down
ALTER TABLE public.orders
    DROP COLUMN status,
    ALTER COLUMN note TYPE character varying(10),
    ALTER COLUMN total TYPE integer;

-- ## rows afterwards
-- public.orders: (1,a,1,open)
