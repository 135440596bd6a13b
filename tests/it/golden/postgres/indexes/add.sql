-- Indexes of many forms.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text,
    total numeric
);

-- ## rows
INSERT INTO orders VALUES (1, 'a', 1), (2, NULL, 2);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text,
    total numeric
);

CREATE INDEX orders_note ON orders (lower(note), total DESC NULLS LAST) INCLUDE (id) WHERE total > 0;
CREATE UNIQUE INDEX orders_total ON orders (total) NULLS NOT DISTINCT WITH (fillfactor = 70);
CREATE INDEX orders_hash ON orders USING hash (note);
CREATE INDEX orders_like ON orders (note text_pattern_ops);
COMMENT ON INDEX orders_note IS 'for the search';

-- ## up
-- makes index public.orders.orders_hash · SHARE on public.orders
-- notice index-not-concurrent public.orders.orders_hash: 2 rows, 16.0 kB
CREATE INDEX orders_hash ON public.orders USING hash (note);

-- makes index public.orders.orders_like · SHARE on public.orders
-- notice index-not-concurrent public.orders.orders_like: 2 rows, 16.0 kB
CREATE INDEX orders_like ON public.orders USING btree (note text_pattern_ops);

-- makes index public.orders.orders_note · SHARE on public.orders
-- notice index-not-concurrent public.orders.orders_note: 2 rows, 16.0 kB
CREATE INDEX orders_note ON public.orders USING btree (lower(note), total DESC NULLS LAST) INCLUDE (id) WHERE (total > (0)::numeric);

-- comments on index public.orders.orders_note
COMMENT ON INDEX public.orders_note IS 'for the search';

-- makes index public.orders.orders_total · SHARE on public.orders
-- notice add-unique public.orders.orders_total: no value of total occurs more than once; 2 rows, 16.0 kB
-- notice index-not-concurrent public.orders.orders_total: 2 rows, 16.0 kB
CREATE UNIQUE INDEX orders_total ON public.orders USING btree (total) NULLS NOT DISTINCT WITH (fillfactor='70');

-- ## down
DROP INDEX public.orders_hash;

DROP INDEX public.orders_like;

DROP INDEX public.orders_note;

DROP INDEX public.orders_total;

-- ## rows afterwards
-- public.orders: (1,a,1) (2,,2)
