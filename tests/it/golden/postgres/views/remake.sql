-- A view loses a column: it is made again, and what reads it too, with comments.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    total integer,
    note text
);

CREATE VIEW large AS SELECT id, total, note FROM orders WHERE total > 100;
CREATE VIEW largest AS SELECT id FROM large WHERE total > 1000;
COMMENT ON VIEW largest IS 'the very large ones';

-- ## rows
INSERT INTO orders VALUES (1, 10, 'a'), (2, 20, NULL);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    total integer,
    note text
);

CREATE VIEW large AS SELECT id, total FROM orders WHERE total > 100;
CREATE VIEW largest AS SELECT id FROM large WHERE total > 1000;
COMMENT ON VIEW largest IS 'the very large ones';

-- ## up
-- drops view public.largest for a while
-- notice remade-object public.largest
DROP VIEW public.largest;

-- drops view public.large for a while
-- notice remade-object public.large
DROP VIEW public.large;

-- makes view public.large again
CREATE VIEW public.large AS
SELECT orders.id,
    orders.total
   FROM public.orders
  WHERE (orders.total > 100);

-- makes view public.largest again
CREATE VIEW public.largest AS
SELECT large.id
   FROM public.large
  WHERE (large.total > 1000);

-- comments on view public.largest
COMMENT ON VIEW public.largest IS 'the very large ones';

-- ## down
CREATE OR REPLACE VIEW public.large AS
SELECT orders.id,
    orders.total,
    orders.note
   FROM public.orders
  WHERE (orders.total > 100);

-- ## rows afterwards
-- public.orders: (1,10,a) (2,20,)
