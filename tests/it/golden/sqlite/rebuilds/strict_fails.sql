-- A table becomes strict, and a value is of another type.

-- ## with
-- fails

-- ## before
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    total INTEGER
);

-- ## rows
INSERT INTO orders VALUES (1, 'seven');

-- ## after
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    total INTEGER
) STRICT;

-- ## up
-- makes the new form of table main.orders
CREATE TABLE "__dbs_orders" (
    id INTEGER PRIMARY KEY,
    total INTEGER
) STRICT;

-- copies the rows of main.orders into its new form
-- danger rebuild-table main.orders: 1 value of total that cannot become INTEGER: total = 'seven'
-- measured: every value of id fits INTEGER
INSERT INTO "__dbs_orders" ("id", "total") SELECT "orders"."id", "orders"."total" FROM "orders";

-- drops the old form of table main.orders
DROP TABLE "orders";

-- puts the new form of table main.orders in its place
ALTER TABLE "__dbs_orders" RENAME TO "orders";

-- ## failure
-- SQLite says: cannot store TEXT value in INTEGER column __dbs_orders.total (in: INSERT INTO "__dbs_orders" ("id", "total") SELECT "orders"."id", "orders"."total" FROM "orders")

-- ## down
CREATE TABLE "__dbs_orders" (
    id INTEGER PRIMARY KEY,
    total INTEGER
);

INSERT INTO "__dbs_orders" ("id", "total") SELECT "orders"."id", "orders"."total" FROM "orders";

DROP TABLE "orders";

ALTER TABLE "__dbs_orders" RENAME TO "orders";
