-- Indexes are made, replaced and dropped while others write.

-- ## with
-- online

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text,
    total numeric
);

CREATE INDEX orders_note ON orders (note);
CREATE INDEX orders_old ON orders (id, note);

-- ## rows
INSERT INTO orders VALUES (1, 'a', 1), (2, NULL, 2);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text,
    total numeric
);

CREATE INDEX orders_note ON orders (note, total);
CREATE UNIQUE INDEX orders_total ON orders (total);

-- ## up
-- sets up the transaction
SET LOCAL lock_timeout = '4s';

-- sets index public.orders.orders_note aside
ALTER INDEX public.orders_note RENAME TO orders_note__dbs_old;

-- makes index public.orders.orders_note · SHARE UPDATE EXCLUSIVE on public.orders · outside a transaction
-- notice not-in-transaction public.orders.orders_note
CREATE INDEX CONCURRENTLY orders_note ON public.orders USING btree (note, total);

-- drops index public.orders.orders_old · SHARE UPDATE EXCLUSIVE on public.orders · outside a transaction
-- notice drop-index public.orders.orders_old
-- notice not-in-transaction public.orders.orders_old
DROP INDEX CONCURRENTLY public.orders_old;

-- makes index public.orders.orders_total · SHARE UPDATE EXCLUSIVE on public.orders · outside a transaction
-- notice add-unique public.orders.orders_total: no value of total occurs more than once; 2 rows, 16.0 kB
-- notice not-in-transaction public.orders.orders_total
CREATE UNIQUE INDEX CONCURRENTLY orders_total ON public.orders USING btree (total);

-- drops the old form of index public.orders.orders_note · outside a transaction
-- notice not-in-transaction public.orders.orders_note
DROP INDEX CONCURRENTLY public.orders_note__dbs_old;

-- ## down
DROP INDEX public.orders_note;

DROP INDEX public.orders_total;

CREATE INDEX orders_note ON public.orders USING btree (note);

CREATE INDEX orders_old ON public.orders USING btree (id, note);

-- ## rows afterwards
-- public.orders: (1,a,1) (2,,2)
