-- A column goes; nothing uses it.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text,
    total numeric
);
CREATE INDEX orders_total ON orders (total);

-- ## rows
INSERT INTO orders VALUES (1, 'first', 5), (2, NULL, 6);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    total numeric
);
CREATE INDEX orders_total ON orders (total);

-- ## up
-- drops column main.orders.note
-- danger drop-column main.orders.note: 1 value of note lost
ALTER TABLE "orders" DROP COLUMN "note";

-- ## down
ALTER TABLE "orders" ADD COLUMN note text;

-- ## rows afterwards
-- orders: (1, 5) (2, 6)
