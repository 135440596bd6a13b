-- A column gets another name, and refuses NULL too.

-- ## with
-- rename orders.note=remark

-- ## before
CREATE TABLE orders (id integer PRIMARY KEY, note text);
CREATE INDEX by_note ON orders (note);

-- ## rows
INSERT INTO orders VALUES (1, 'a'), (2, 'b');

-- ## after
CREATE TABLE orders (id integer PRIMARY KEY, remark text NOT NULL);
CREATE INDEX by_note ON orders (remark);

-- ## up
-- renames column main.orders.note to remark
-- warning rename-column main.orders.note
ALTER TABLE "orders" RENAME COLUMN "note" TO "remark";

-- makes the new form of table main.orders
CREATE TABLE "__dbs_orders" (id integer PRIMARY KEY, remark text NOT NULL);

-- copies the rows of main.orders into its new form; refuses NULL in main.orders.remark
-- notice rebuild-table main.orders: 2 rows
-- notice set-not-null main.orders.remark: no row has NULL in remark; 2 rows
INSERT INTO "__dbs_orders" ("id", "remark") SELECT "orders"."id", "orders"."remark" FROM "orders";

-- drops the old form of table main.orders; drops index main.orders.by_note for a while
DROP TABLE "orders";

-- puts the new form of table main.orders in its place
ALTER TABLE "__dbs_orders" RENAME TO "orders";

-- makes index main.orders.by_note again
CREATE INDEX by_note ON orders (remark);

-- ## down
ALTER TABLE "orders" RENAME COLUMN "remark" TO "note";

CREATE TABLE "__dbs_orders" (id integer PRIMARY KEY, note text);

INSERT INTO "__dbs_orders" ("id", "note") SELECT "orders"."id", "orders"."note" FROM "orders";

DROP TABLE "orders";

ALTER TABLE "__dbs_orders" RENAME TO "orders";

CREATE INDEX by_note ON orders (note);

-- ## rows afterwards
-- orders: (1, 'a') (2, 'b')
