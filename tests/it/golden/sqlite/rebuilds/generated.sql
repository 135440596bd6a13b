-- A computed column gets another expression.

-- ## before
CREATE TABLE lines (
    id integer PRIMARY KEY,
    price numeric,
    quantity integer,
    total numeric GENERATED ALWAYS AS (price * quantity) STORED
);

-- ## rows
INSERT INTO lines (id, price, quantity) VALUES (1, 2.5, 2);

-- ## after
CREATE TABLE lines (
    id integer PRIMARY KEY,
    price numeric,
    quantity integer,
    total numeric GENERATED ALWAYS AS (price * quantity * 2) STORED
);

-- ## up
-- makes the new form of table main.lines
CREATE TABLE "__dbs_lines" (
    id integer PRIMARY KEY,
    price numeric,
    quantity integer,
    total numeric GENERATED ALWAYS AS (price * quantity * 2) STORED
);

-- copies the rows of main.lines into its new form
-- notice rebuild-table main.lines: 1 row
INSERT INTO "__dbs_lines" ("id", "price", "quantity") SELECT "lines"."id", "lines"."price", "lines"."quantity" FROM "lines";

-- drops the old form of table main.lines
DROP TABLE "lines";

-- puts the new form of table main.lines in its place
ALTER TABLE "__dbs_lines" RENAME TO "lines";

-- ## down
CREATE TABLE "__dbs_lines" (
    id integer PRIMARY KEY,
    price numeric,
    quantity integer,
    total numeric GENERATED ALWAYS AS (price * quantity) STORED
);

INSERT INTO "__dbs_lines" ("id", "price", "quantity") SELECT "lines"."id", "lines"."price", "lines"."quantity" FROM "lines";

DROP TABLE "lines";

ALTER TABLE "__dbs_lines" RENAME TO "lines";

-- ## rows afterwards
-- lines: (1, 2.5, 2, 10)
