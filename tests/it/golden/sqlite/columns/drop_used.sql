-- A column goes that an index and a view use, and which is unique.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    code text UNIQUE,
    note text
);
CREATE INDEX orders_note ON orders (note, code);
CREATE VIEW codes AS SELECT id, code, note FROM orders;

-- ## rows
INSERT INTO orders VALUES (1, 'a', 'first'), (2, 'b', NULL);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text
);
CREATE VIEW codes AS SELECT id, note FROM orders;

-- ## up
-- drops view main.codes for a while
-- notice remade-object main.codes
DROP VIEW "codes";

-- makes the new form of table main.orders
CREATE TABLE "__dbs_orders" (
    id integer PRIMARY KEY,
    note text
);

-- copies the rows of main.orders into its new form
-- notice rebuild-table main.orders: 2 rows
INSERT INTO "__dbs_orders" ("id", "note") SELECT "orders"."id", "orders"."note" FROM "orders";

-- drops the old form of table main.orders; drops column main.orders.code; drops index main.orders.orders_note
-- danger drop-column main.orders.code: 2 values of code lost
-- notice drop-index main.orders.orders_note
DROP TABLE "orders";

-- puts the new form of table main.orders in its place
ALTER TABLE "__dbs_orders" RENAME TO "orders";

-- makes view main.codes again
CREATE VIEW codes AS SELECT id, note FROM orders;

-- ## down
DROP VIEW "codes";

CREATE TABLE "__dbs_orders" (
    id integer PRIMARY KEY,
    code text UNIQUE,
    note text
);

INSERT INTO "__dbs_orders" ("id", "note") SELECT "orders"."id", "orders"."note" FROM "orders";

DROP TABLE "orders";

ALTER TABLE "__dbs_orders" RENAME TO "orders";

CREATE INDEX orders_note ON orders (note, code);

CREATE VIEW codes AS SELECT id, code, note FROM orders;

-- ## rows afterwards
-- orders: (1, 'first') (2, NULL)
