-- The index a table is clustered on, and its replica identity.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text NOT NULL,
    total numeric
);

CREATE UNIQUE INDEX orders_note ON orders (note);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text NOT NULL,
    total numeric
);

CREATE UNIQUE INDEX orders_note ON orders (note);
ALTER TABLE orders CLUSTER ON orders_note;
ALTER TABLE orders REPLICA IDENTITY USING INDEX orders_note;

-- ## up
-- changes table public.orders · ACCESS EXCLUSIVE on public.orders
ALTER TABLE public.orders
    REPLICA IDENTITY USING INDEX orders_note,
    CLUSTER ON orders_note;

-- ## down
ALTER TABLE public.orders
    REPLICA IDENTITY DEFAULT,
    SET WITHOUT CLUSTER;
