-- Columns that ALTER TABLE cannot add: a default that is computed, a stored column, a unique one.

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
    placed text DEFAULT (date('2026-01-01')),
    code text UNIQUE,
    upper_note text GENERATED ALWAYS AS (upper(note)) STORED
);

-- ## up
-- makes the new form of table main.orders
CREATE TABLE "__dbs_orders" (
    id integer PRIMARY KEY,
    note text,
    placed text DEFAULT (date('2026-01-01')),
    code text UNIQUE,
    upper_note text GENERATED ALWAYS AS (upper(note)) STORED
);

-- copies the rows of main.orders into its new form
-- notice rebuild-table main.orders: 3 rows
INSERT INTO "__dbs_orders" ("id", "note") SELECT "orders"."id", "orders"."note" FROM "orders";

-- drops the old form of table main.orders
DROP TABLE "orders";

-- puts the new form of table main.orders in its place
ALTER TABLE "__dbs_orders" RENAME TO "orders";

-- ## down
CREATE TABLE "__dbs_orders" (
    id integer PRIMARY KEY,
    note text
);

INSERT INTO "__dbs_orders" ("id", "note") SELECT "orders"."id", "orders"."note" FROM "orders";

DROP TABLE "orders";

ALTER TABLE "__dbs_orders" RENAME TO "orders";

-- ## rows afterwards
-- orders: (1, 'first', '2026-01-01', NULL, 'FIRST') (2, NULL, '2026-01-01', NULL, NULL) (3, 'third', '2026-01-01', NULL, 'THIRD')
