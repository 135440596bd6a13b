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
ALTER SEQUENCE public.numbers RENAME TO counters;

-- renames view public.old_view to new_view
-- warning rename-table public.old_view
ALTER VIEW public.old_view RENAME TO new_view;

-- drops index public.orders.old_index · ACCESS EXCLUSIVE on public.orders
-- notice drop-index public.orders.old_index
DROP INDEX public.old_index;

-- drops constraint public.orders.orders_pkey; drops constraint public.orders.note_given · ACCESS EXCLUSIVE on public.orders
-- warning drop-constraint public.orders.orders_pkey
-- warning drop-constraint public.orders.note_given
ALTER TABLE public.orders
    DROP CONSTRAINT orders_pkey,
    DROP CONSTRAINT note_given;

-- makes constraint public.orders.orders_key; makes constraint public.orders.note_written · ACCESS EXCLUSIVE on public.orders
-- notice add-primary-key public.orders.orders_key: no row has NULL in id; no value of id occurs more than once; 3 rows, 16.0 kB
-- notice add-check public.orders.note_written: every row passes the check; 3 rows, 16.0 kB
ALTER TABLE public.orders
    ADD CONSTRAINT orders_key PRIMARY KEY (id),
    ADD CONSTRAINT note_written CHECK ((note <> ''::text));

-- makes index public.orders.new_index · SHARE on public.orders
-- notice index-not-concurrent public.orders.new_index: 3 rows, 16.0 kB
CREATE INDEX new_index ON public.orders USING btree (note);

-- ## down
ALTER VIEW public.new_view RENAME TO old_view;

ALTER SEQUENCE public.counters RENAME TO numbers;

DROP INDEX public.new_index;

ALTER TABLE public.orders
    DROP CONSTRAINT orders_key,
    DROP CONSTRAINT note_written;

ALTER TABLE public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id),
    ADD CONSTRAINT note_given CHECK ((note <> ''::text));

CREATE INDEX old_index ON public.orders USING btree (note);

-- ## rows afterwards
-- public.orders: (1,first) (2,) (3,third)
