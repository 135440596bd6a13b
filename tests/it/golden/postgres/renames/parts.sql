-- An index, a constraint, a sequence and a view get other names.

-- ## with
-- rename numbers=counters
-- rename old_view=new_view

-- ## before
CREATE SEQUENCE numbers;
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text,
    CONSTRAINT note_given CHECK (note <> '')
);
CREATE INDEX old_index ON orders (note);
CREATE VIEW old_view AS SELECT id FROM orders;

-- ## rows
INSERT INTO orders VALUES (1, 'first'), (2, NULL), (3, 'third');
SELECT nextval('numbers');

-- ## after
CREATE SEQUENCE counters;
CREATE TABLE orders (
    id integer CONSTRAINT orders_key PRIMARY KEY,
    note text,
    CONSTRAINT note_written CHECK (note <> '')
);
CREATE INDEX new_index ON orders (note);
CREATE VIEW new_view AS SELECT id FROM orders;

-- ## up
-- renames sequence public.numbers to counters
-- notice rename-object public.numbers
ALTER SEQUENCE "public"."numbers" RENAME TO "counters";

-- renames view public.old_view to new_view
-- warning rename-table public.old_view
ALTER VIEW "public"."old_view" RENAME TO "new_view";

-- drops index public.orders.old_index · ACCESS EXCLUSIVE on public.orders
-- notice drop-index public.orders.old_index
-- notice drop-index-not-concurrent public.orders: 3 rows, 16.0 kB
DROP INDEX public.old_index;

-- drops constraint public.orders.note_given; drops constraint public.orders.orders_pkey · ACCESS EXCLUSIVE on public.orders
-- warning drop-constraint public.orders.note_given
-- warning drop-constraint public.orders.orders_pkey
-- notice exclusive-lock public.orders: 3 rows, 16.0 kB
ALTER TABLE public.orders
    DROP CONSTRAINT note_given,
    DROP CONSTRAINT orders_pkey;

-- makes constraint public.orders.note_written; makes constraint public.orders.orders_key · ACCESS EXCLUSIVE on public.orders
-- notice add-check public.orders.note_written: no rows that the check refuses; 3 rows, 16.0 kB: roughly less than 1 ms
-- notice add-primary-key public.orders.orders_key: no rows have NULL in id; no values of id occurring more than once; 3 rows, 16.0 kB: roughly less than 1 ms
-- measured: no rows that the check refuses
-- measured: no rows have NULL in id
-- measured: no values of id occurring more than once
ALTER TABLE public.orders
    ADD CONSTRAINT note_written CHECK ((note <> ''::text)),
    ADD CONSTRAINT orders_key PRIMARY KEY (id);

-- makes index public.orders.new_index · SHARE on public.orders
-- warning index-not-concurrent public.orders.new_index: 3 rows, 16.0 kB: roughly less than 1 ms
CREATE INDEX new_index ON public.orders USING btree (note);

-- ## down
ALTER VIEW "public"."new_view" RENAME TO "old_view";

ALTER SEQUENCE "public"."counters" RENAME TO "numbers";

DROP INDEX public.new_index;

ALTER TABLE public.orders
    DROP CONSTRAINT note_written,
    DROP CONSTRAINT orders_key;

ALTER TABLE public.orders
    ADD CONSTRAINT note_given CHECK ((note <> ''::text)),
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);

CREATE INDEX old_index ON public.orders USING btree (note);

-- ## rows afterwards
-- public.orders: (1,first) (2,) (3,third)
