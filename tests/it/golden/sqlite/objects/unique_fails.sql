-- A unique index over values that occur twice.

-- ## with
-- fails

-- ## before
CREATE TABLE orders (id integer PRIMARY KEY, note text);

-- ## rows
INSERT INTO orders VALUES (1, 'a'), (2, 'a'), (3, 'b');

-- ## after
CREATE TABLE orders (id integer PRIMARY KEY, note text);
CREATE UNIQUE INDEX orders_note ON orders (note);

-- ## up
-- makes index main.orders.orders_note
-- danger add-unique main.orders.orders_note: 1 value of note occurring more than once: 'a'
CREATE UNIQUE INDEX orders_note ON orders (note);

-- ## failure
-- SQLite says: UNIQUE constraint failed: orders.note (in: CREATE UNIQUE INDEX orders_note ON orders (note))

-- ## down
DROP INDEX "orders_note";
