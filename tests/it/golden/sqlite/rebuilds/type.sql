-- A column gets another type, with another affinity.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    total text,
    code integer
);

-- ## rows
INSERT INTO orders VALUES (1, '7', 7), (2, 'seven', NULL);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    total integer,
    code text
);

-- ## up
-- makes the new form of table main.orders
CREATE TABLE "__dbs_orders" (
    id integer PRIMARY KEY,
    total integer,
    code text
);

-- copies the rows of main.orders into its new form; changes main.orders.total from TEXT to INTEGER; changes main.orders.code from INTEGER to TEXT
-- notice rebuild-table main.orders: 2 rows
-- notice narrow-type main.orders.total: every value of total fits INTEGER
-- measured: every value of code fits TEXT
INSERT INTO "__dbs_orders" ("id", "total", "code") SELECT "orders"."id", "orders"."total", "orders"."code" FROM "orders";

-- drops the old form of table main.orders
DROP TABLE "orders";

-- puts the new form of table main.orders in its place
ALTER TABLE "__dbs_orders" RENAME TO "orders";

-- ## down
CREATE TABLE "__dbs_orders" (
    id integer PRIMARY KEY,
    total text,
    code integer
);

INSERT INTO "__dbs_orders" ("id", "total", "code") SELECT "orders"."id", "orders"."total", "orders"."code" FROM "orders";

DROP TABLE "orders";

ALTER TABLE "__dbs_orders" RENAME TO "orders";

-- ## rows afterwards
-- orders: (1, 7, '7') (2, 'seven', NULL)
