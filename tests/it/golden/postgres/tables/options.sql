-- Storage parameters of a table.

-- ## before
CREATE TABLE orders (id integer PRIMARY KEY) WITH (fillfactor = 70, autovacuum_enabled = false);

-- ## after
CREATE TABLE orders (id integer PRIMARY KEY) WITH (fillfactor = 90, toast.autovacuum_enabled = false);

-- ## up
-- changes table public.orders · SHARE UPDATE EXCLUSIVE on public.orders
ALTER TABLE public.orders
    SET (fillfactor=90),
    RESET (autovacuum_enabled);

-- ## down
ALTER TABLE public.orders SET (fillfactor=70, autovacuum_enabled=false);
