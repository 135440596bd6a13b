-- An index gets other columns, another only other parameters; a third goes.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text,
    total numeric
);

CREATE INDEX orders_note ON orders (note);
CREATE INDEX orders_total ON orders (total);
CREATE INDEX orders_both ON orders (note, total);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text,
    total numeric
);

CREATE INDEX orders_note ON orders (note, total);
CREATE INDEX orders_total ON orders (total) WITH (fillfactor = 50);

-- ## up
-- drops index public.orders.orders_both · ACCESS EXCLUSIVE on public.orders
-- notice drop-index public.orders.orders_both
DROP INDEX public.orders_both;

-- drops index public.orders.orders_note for a while · ACCESS EXCLUSIVE on public.orders
-- notice remade-object public.orders.orders_note
DROP INDEX public.orders_note;

-- drops index public.orders.orders_total for a while · ACCESS EXCLUSIVE on public.orders
-- notice remade-object public.orders.orders_total
DROP INDEX public.orders_total;

-- makes index public.orders.orders_note again · SHARE on public.orders
-- notice index-not-concurrent public.orders.orders_note: 0 rows, 8.0 kB
CREATE INDEX orders_note ON public.orders USING btree (note, total);

-- makes index public.orders.orders_total again · SHARE on public.orders
-- notice index-not-concurrent public.orders.orders_total: 0 rows, 8.0 kB
CREATE INDEX orders_total ON public.orders USING btree (total) WITH (fillfactor='50');

-- ## down
DROP INDEX public.orders_note;

DROP INDEX public.orders_total;

CREATE INDEX orders_both ON public.orders USING btree (note, total);

CREATE INDEX orders_note ON public.orders USING btree (note);

CREATE INDEX orders_total ON public.orders USING btree (total);
