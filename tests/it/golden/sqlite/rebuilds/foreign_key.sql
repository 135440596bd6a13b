-- A table that others refer to is rebuilt, and one gets a foreign key.

-- ## before
CREATE TABLE customers (
    id integer PRIMARY KEY,
    name text
);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer integer REFERENCES customers (id) ON DELETE CASCADE
);
CREATE TABLE notes (
    id integer PRIMARY KEY,
    customer integer
);

-- ## rows
INSERT INTO customers VALUES (1, 'a'), (2, 'b');
INSERT INTO orders VALUES (1, 1), (2, 2);
INSERT INTO notes VALUES (1, 2), (2, NULL);

-- ## after
CREATE TABLE customers (
    id integer PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer integer REFERENCES customers (id) ON DELETE CASCADE
);
CREATE TABLE notes (
    id integer PRIMARY KEY,
    customer integer REFERENCES customers (id)
);

-- ## up
-- makes the new form of table main.customers
CREATE TABLE "__dbs_customers" (
    id integer PRIMARY KEY,
    name text NOT NULL
);

-- copies the rows of main.customers into its new form; refuses NULL in main.customers.name
-- notice rebuild-table main.customers: 2 rows
-- notice set-not-null main.customers.name: no row has NULL in name; 2 rows
INSERT INTO "__dbs_customers" ("id", "name") SELECT "customers"."id", "customers"."name" FROM "customers";

-- drops the old form of table main.customers
DROP TABLE "customers";

-- puts the new form of table main.customers in its place
ALTER TABLE "__dbs_customers" RENAME TO "customers";

-- makes the new form of table main.notes
CREATE TABLE "__dbs_notes" (
    id integer PRIMARY KEY,
    customer integer REFERENCES customers (id)
);

-- copies the rows of main.notes into its new form
-- notice rebuild-table main.notes: every customer refers to a row; 2 rows
INSERT INTO "__dbs_notes" ("id", "customer") SELECT "notes"."id", "notes"."customer" FROM "notes";

-- drops the old form of table main.notes
DROP TABLE "notes";

-- puts the new form of table main.notes in its place
ALTER TABLE "__dbs_notes" RENAME TO "notes";

-- ## down
CREATE TABLE "__dbs_customers" (
    id integer PRIMARY KEY,
    name text
);

INSERT INTO "__dbs_customers" ("id", "name") SELECT "customers"."id", "customers"."name" FROM "customers";

DROP TABLE "customers";

ALTER TABLE "__dbs_customers" RENAME TO "customers";

CREATE TABLE "__dbs_notes" (
    id integer PRIMARY KEY,
    customer integer
);

INSERT INTO "__dbs_notes" ("id", "customer") SELECT "notes"."id", "notes"."customer" FROM "notes";

DROP TABLE "notes";

ALTER TABLE "__dbs_notes" RENAME TO "notes";

-- ## rows afterwards
-- customers: (1, 'a') (2, 'b')
-- notes: (1, 2) (2, NULL)
-- orders: (1, 1) (2, 2)
