-- A materialized view gets another query; one without data stays so.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    total integer,
    note text
);

CREATE MATERIALIZED VIEW totals AS SELECT sum(total) AS total FROM orders;

-- ## rows
INSERT INTO orders VALUES (1, 10, 'a'), (2, 20, NULL);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    total integer,
    note text
);

CREATE MATERIALIZED VIEW totals AS SELECT sum(total) AS total, count(*) AS orders FROM orders;
CREATE MATERIALIZED VIEW later AS SELECT id FROM orders WITH NO DATA;

-- ## up
-- drops materialized view public.totals for a while · ACCESS EXCLUSIVE on public.totals
-- notice remade-object public.totals
DROP MATERIALIZED VIEW public.totals;

-- makes materialized view public.later · ACCESS SHARE on public.orders
CREATE MATERIALIZED VIEW public.later AS
SELECT orders.id
   FROM public.orders
WITH NO DATA;

-- makes materialized view public.totals again · ACCESS SHARE on public.orders
CREATE MATERIALIZED VIEW public.totals AS
SELECT sum(orders.total) AS total,
    count(*) AS orders
   FROM public.orders;

-- ## down
DROP MATERIALIZED VIEW public.later;

DROP MATERIALIZED VIEW public.totals;

CREATE MATERIALIZED VIEW public.totals AS
SELECT sum(orders.total) AS total
   FROM public.orders;

-- ## rows afterwards
-- public.orders: (1,10,a) (2,20,)
