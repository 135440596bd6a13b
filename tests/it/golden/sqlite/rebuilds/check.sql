-- A table gets checks and a unique; one check goes.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text,
    total numeric CHECK (total > 0)
);

-- ## rows
INSERT INTO orders VALUES (1, 'a', 1), (2, NULL, 2);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text UNIQUE,
    total numeric,
    CONSTRAINT sense CHECK (total > 0 OR note IS NULL)
);

-- ## up
-- makes the new form of table main.orders
CREATE TABLE "__dbs_orders" (
    id integer PRIMARY KEY,
    note text UNIQUE,
    total numeric,
    CONSTRAINT sense CHECK (total > 0 OR note IS NULL)
);

-- copies the rows of main.orders into its new form
-- notice rebuild-table main.orders: no value of note occurs more than once; every row passes the check; 2 rows
INSERT INTO "__dbs_orders" ("id", "note", "total") SELECT "orders"."id", "orders"."note", "orders"."total" FROM "orders";

-- drops the old form of table main.orders
DROP TABLE "orders";

-- puts the new form of table main.orders in its place
ALTER TABLE "__dbs_orders" RENAME TO "orders";

-- ## down
CREATE TABLE "__dbs_orders" (
    id integer PRIMARY KEY,
    note text,
    total numeric CHECK (total > 0)
);

INSERT INTO "__dbs_orders" ("id", "note", "total") SELECT "orders"."id", "orders"."note", "orders"."total" FROM "orders";

DROP TABLE "orders";

ALTER TABLE "__dbs_orders" RENAME TO "orders";

-- ## rows afterwards
-- orders: (1, 'a', 1) (2, NULL, 2)
