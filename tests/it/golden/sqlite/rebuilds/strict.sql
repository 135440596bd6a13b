-- A table becomes strict.

-- ## before
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    total INTEGER,
    note TEXT
);

-- ## rows
INSERT INTO orders VALUES (1, 7, 'a'), (2, NULL, 'b');

-- ## after
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    total INTEGER,
    note TEXT
) STRICT;

-- ## up
-- makes the new form of table main.orders
CREATE TABLE "__dbs_orders" (
    id INTEGER PRIMARY KEY,
    total INTEGER,
    note TEXT
) STRICT;

-- copies the rows of main.orders into its new form
-- notice rebuild-table main.orders: every value of id fits INTEGER; every value of total fits INTEGER; every value of note fits TEXT; 2 rows
INSERT INTO "__dbs_orders" ("id", "total", "note") SELECT "orders"."id", "orders"."total", "orders"."note" FROM "orders";

-- drops the old form of table main.orders
DROP TABLE "orders";

-- puts the new form of table main.orders in its place
ALTER TABLE "__dbs_orders" RENAME TO "orders";

-- ## down
CREATE TABLE "__dbs_orders" (
    id INTEGER PRIMARY KEY,
    total INTEGER,
    note TEXT
);

INSERT INTO "__dbs_orders" ("id", "total", "note") SELECT "orders"."id", "orders"."total", "orders"."note" FROM "orders";

DROP TABLE "orders";

ALTER TABLE "__dbs_orders" RENAME TO "orders";

-- ## rows afterwards
-- orders: (1, 7, 'a') (2, NULL, 'b')
