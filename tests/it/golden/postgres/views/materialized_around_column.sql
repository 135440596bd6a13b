-- A column under a materialized view changes its type.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    total integer,
    note text
);

CREATE MATERIALIZED VIEW totals AS SELECT note, sum(total) AS total FROM orders GROUP BY note;
CREATE UNIQUE INDEX totals_note ON totals (note);
COMMENT ON MATERIALIZED VIEW totals IS 'by note';
CREATE VIEW top AS SELECT note FROM totals ORDER BY total DESC LIMIT 1;

-- ## rows
INSERT INTO orders VALUES (1, 10, 'a'), (2, 20, NULL);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    total numeric,
    note text
);

CREATE MATERIALIZED VIEW totals AS SELECT note, sum(total) AS total FROM orders GROUP BY note;
CREATE UNIQUE INDEX totals_note ON totals (note);
COMMENT ON MATERIALIZED VIEW totals IS 'by note';
CREATE VIEW top AS SELECT note FROM totals ORDER BY total DESC LIMIT 1;

-- ## up
-- drops view public.top for a while
-- notice remade-object public.top
DROP VIEW public.top;

-- drops materialized view public.totals for a while · ACCESS EXCLUSIVE on public.totals
-- notice remade-object public.totals
DROP MATERIALIZED VIEW public.totals;

-- changes public.orders.total from integer to numeric · ACCESS EXCLUSIVE on public.orders · writes public.orders anew
-- notice rewrite-table public.orders: 2 rows, 16.0 kB
ALTER TABLE public.orders ALTER COLUMN total TYPE numeric;

-- makes materialized view public.totals again · ACCESS SHARE on public.orders
CREATE MATERIALIZED VIEW public.totals AS
SELECT orders.note,
    sum(orders.total) AS total
   FROM public.orders
  GROUP BY orders.note;

-- makes index public.totals.totals_note again · SHARE on public.totals
CREATE UNIQUE INDEX totals_note ON public.totals USING btree (note);

-- makes view public.top again · ACCESS SHARE on public.totals
CREATE VIEW public.top AS
SELECT totals.note
   FROM public.totals
  ORDER BY totals.total DESC
 LIMIT 1;

-- comments on materialized view public.totals · SHARE UPDATE EXCLUSIVE on public.totals
COMMENT ON MATERIALIZED VIEW public.totals IS 'by note';

-- ## down
DROP VIEW public.top;

DROP MATERIALIZED VIEW public.totals;

ALTER TABLE public.orders ALTER COLUMN total TYPE integer;

CREATE MATERIALIZED VIEW public.totals AS
SELECT orders.note,
    sum(orders.total) AS total
   FROM public.orders
  GROUP BY orders.note;

CREATE UNIQUE INDEX totals_note ON public.totals USING btree (note);

CREATE VIEW public.top AS
SELECT totals.note
   FROM public.totals
  ORDER BY totals.total DESC
 LIMIT 1;

COMMENT ON MATERIALIZED VIEW public.totals IS 'by note';

-- ## rows afterwards
-- public.orders: (1,10,a) (2,20,)
