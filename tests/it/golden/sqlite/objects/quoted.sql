-- Names that must be quoted.

-- ## before
CREATE TABLE "Order" ("Id" integer PRIMARY KEY, "select" text);

-- ## rows
INSERT INTO "Order" VALUES (1, 'x');

-- ## after
CREATE TABLE "Order" ("Id" integer PRIMARY KEY, "select" text NOT NULL, "a b" integer);
CREATE INDEX "Index on it" ON "Order" ("a b");

-- ## up
-- makes the new form of table main.Order
CREATE TABLE "__dbs_Order" ("Id" integer PRIMARY KEY, "select" text NOT NULL, "a b" integer);

-- copies the rows of main.Order into its new form; refuses NULL in main.Order.select
-- notice rebuild-table main.Order: 1 row
-- notice set-not-null main.Order.select: no row has NULL in select; 1 row
INSERT INTO "__dbs_Order" ("Id", "select") SELECT "Order"."Id", "Order"."select" FROM "Order";

-- drops the old form of table main.Order
DROP TABLE "Order";

-- puts the new form of table main.Order in its place
ALTER TABLE "__dbs_Order" RENAME TO "Order";

-- makes index main.Order.Index on it
CREATE INDEX "Index on it" ON "Order" ("a b");

-- ## down
CREATE TABLE "__dbs_Order" ("Id" integer PRIMARY KEY, "select" text);

INSERT INTO "__dbs_Order" ("Id", "select") SELECT "Order"."Id", "Order"."select" FROM "Order";

DROP TABLE "Order";

ALTER TABLE "__dbs_Order" RENAME TO "Order";

-- ## rows afterwards
-- Order: (1, 'x', NULL)
