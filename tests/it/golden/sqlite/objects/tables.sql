-- Tables come and go.

-- ## with
-- no-renames

-- ## before
CREATE TABLE customers (id integer PRIMARY KEY);
CREATE TABLE notes (id integer PRIMARY KEY, note text);

-- ## rows
INSERT INTO notes VALUES (1, 'a'), (2, 'b');

-- ## after
CREATE TABLE customers (id integer PRIMARY KEY);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer integer NOT NULL REFERENCES customers (id),
    total numeric
);

-- ## up
-- drops table main.notes
-- danger drop-table main.notes: 2 rows lost
DROP TABLE "notes";

-- makes table main.orders
CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer integer NOT NULL REFERENCES customers (id),
    total numeric
);

-- ## down
DROP TABLE "orders";

CREATE TABLE notes (id integer PRIMARY KEY, note text);

-- ## rows afterwards
-- customers: 
-- orders: 
