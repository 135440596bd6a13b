-- A column refuses NULL, and a row has it.

-- ## with
-- fails

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
    note text NOT NULL
);

-- ## up
-- makes the new form of table main.orders
CREATE TABLE "__dbs_orders" (
    id integer PRIMARY KEY,
    note text NOT NULL
);

-- copies the rows of main.orders into its new form; refuses NULL in main.orders.note
-- danger set-not-null main.orders.note: 1 row has NULL in note: id = 2
-- notice rebuild-table main.orders: 3 rows
INSERT INTO "__dbs_orders" ("id", "note") SELECT "orders"."id", "orders"."note" FROM "orders";

-- drops the old form of table main.orders
DROP TABLE "orders";

-- puts the new form of table main.orders in its place
ALTER TABLE "__dbs_orders" RENAME TO "orders";

-- ## failure
-- SQLite says: NOT NULL constraint failed: __dbs_orders.note (in: INSERT INTO "__dbs_orders" ("id", "note") SELECT "orders"."id", "orders"."note" FROM "orders")

-- ## down
CREATE TABLE "__dbs_orders" (
    id integer PRIMARY KEY,
    note text
);

INSERT INTO "__dbs_orders" ("id", "note") SELECT "orders"."id", "orders"."note" FROM "orders";

DROP TABLE "orders";

ALTER TABLE "__dbs_orders" RENAME TO "orders";
