-- A row refers to nothing.

-- ## with
-- fails

-- ## before
CREATE TABLE customers (id integer PRIMARY KEY);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer integer
);

-- ## rows
INSERT INTO customers VALUES (1);
INSERT INTO orders VALUES (1, 1), (2, 9);

-- ## after
CREATE TABLE customers (id integer PRIMARY KEY);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer integer REFERENCES customers (id)
);

-- ## up
-- makes the new form of table main.orders
CREATE TABLE "__dbs_orders" (
    id integer PRIMARY KEY,
    customer integer REFERENCES customers (id)
);

-- copies the rows of main.orders into its new form
-- danger rebuild-table main.orders: 1 row whose customer refers to nothing: customer = 9
INSERT INTO "__dbs_orders" ("id", "customer") SELECT "orders"."id", "orders"."customer" FROM "orders";

-- drops the old form of table main.orders
DROP TABLE "orders";

-- puts the new form of table main.orders in its place
ALTER TABLE "__dbs_orders" RENAME TO "orders";

-- ## failure
-- a row of orders names a row of customers that is not there (rowid 2)

-- ## down
CREATE TABLE "__dbs_orders" (
    id integer PRIMARY KEY,
    customer integer
);

INSERT INTO "__dbs_orders" ("id", "customer") SELECT "orders"."id", "orders"."customer" FROM "orders";

DROP TABLE "orders";

ALTER TABLE "__dbs_orders" RENAME TO "orders";
