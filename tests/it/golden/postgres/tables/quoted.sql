-- Names that must be quoted.

-- ## before
CREATE TABLE "Order" ("Id" integer PRIMARY KEY, "select" text);

-- ## rows
INSERT INTO "Order" VALUES (1, 'x');

-- ## after
CREATE TABLE "Order" ("Id" integer PRIMARY KEY, "select" text DEFAULT 'it''s', "a""b" integer);
CREATE INDEX "Index on it" ON "Order" ("a""b");
