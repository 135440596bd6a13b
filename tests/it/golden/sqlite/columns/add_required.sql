-- A column that must have a value and gets none: it fails, as there are rows.

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
    note text,
    customer integer NOT NULL
);

-- ## up
-- makes the new form of table main.orders
CREATE TABLE "__dbs_orders" (
    id integer PRIMARY KEY,
    note text,
    customer integer NOT NULL
);

-- copies the rows of main.orders into its new form; adds column main.orders.customer, which must not be NULL
-- danger add-required-column main.orders.customer: 3 rows without a value for it
-- notice rebuild-table main.orders: 3 rows
INSERT INTO "__dbs_orders" ("id", "note") SELECT "orders"."id", "orders"."note" FROM "orders";

-- drops the old form of table main.orders
DROP TABLE "orders";

-- puts the new form of table main.orders in its place
ALTER TABLE "__dbs_orders" RENAME TO "orders";

-- ## failure
-- SQLite says: NOT NULL constraint failed: __dbs_orders.customer (in: INSERT INTO "__dbs_orders" ("id", "note") SELECT "orders"."id", "orders"."note" FROM "orders")

-- ## down
ALTER TABLE "orders" DROP COLUMN "customer";
