-- A view gets a column at its end and another condition.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    total integer,
    note text
);
CREATE VIEW large AS SELECT id, total FROM orders WHERE total > 100;

-- ## rows
INSERT INTO orders VALUES (1, 10, 'a'), (2, 20, NULL);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    total integer,
    note text
);
CREATE VIEW large AS SELECT id, total, note FROM orders WHERE total > 50;

-- ## up
-- changes view public.large
CREATE OR REPLACE VIEW public.large AS
SELECT orders.id,
    orders.total,
    orders.note
   FROM public.orders
  WHERE (orders.total > 50);

-- ## down
DROP VIEW public.large;

CREATE VIEW public.large AS
SELECT orders.id,
    orders.total
   FROM public.orders
  WHERE (orders.total > 100);

-- ## rows afterwards
-- public.orders: (1,10,a) (2,20,)
