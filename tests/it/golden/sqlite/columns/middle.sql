-- A column in the middle: it is added at the end, and that is said.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text
);

-- ## rows
INSERT INTO orders VALUES (1, 'first'), (2, NULL), (3, 'third');

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer integer,
    note text
);

-- ## up
-- adds column main.orders.customer
ALTER TABLE "orders" ADD COLUMN customer integer;

-- ## down
ALTER TABLE "orders" DROP COLUMN "customer";

-- ## notes
-- The columns of orders stand in another order than in the wanted schema; that alone is no reason to copy its rows

-- ## rows afterwards
-- orders: (1, 'first', NULL) (2, NULL, NULL) (3, 'third', NULL)
