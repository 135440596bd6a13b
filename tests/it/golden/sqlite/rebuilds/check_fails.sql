-- Rows that a new check refuses, and values that occur twice.

-- ## with
-- fails

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text,
    total numeric
);

-- ## rows
INSERT INTO orders VALUES (1, 'a', 1), (2, 'a', -2), (3, 'b', 0);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text UNIQUE,
    total numeric CHECK (total > 0)
);

-- ## up
-- makes the new form of table main.orders
CREATE TABLE "__dbs_orders" (
    id integer PRIMARY KEY,
    note text UNIQUE,
    total numeric CHECK (total > 0)
);

-- copies the rows of main.orders into its new form
-- danger rebuild-table main.orders: 1 value of note occurring more than once: 'a'; 2 rows that the check refuses: id = 2, id = 3
INSERT INTO "__dbs_orders" ("id", "note", "total") SELECT "orders"."id", "orders"."note", "orders"."total" FROM "orders";

-- drops the old form of table main.orders
DROP TABLE "orders";

-- puts the new form of table main.orders in its place
ALTER TABLE "__dbs_orders" RENAME TO "orders";

-- ## failure
-- SQLite says: CHECK constraint failed: total > 0 (in: INSERT INTO "__dbs_orders" ("id", "note", "total") SELECT "orders"."id", "orders"."note", "orders"."total" FROM "orders")

-- ## down
CREATE TABLE "__dbs_orders" (
    id integer PRIMARY KEY,
    note text,
    total numeric
);

INSERT INTO "__dbs_orders" ("id", "note", "total") SELECT "orders"."id", "orders"."note", "orders"."total" FROM "orders";

DROP TABLE "orders";

ALTER TABLE "__dbs_orders" RENAME TO "orders";
