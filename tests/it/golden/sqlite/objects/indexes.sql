-- Indexes come, change and go.

-- ## with
-- no-renames

-- ## before
CREATE TABLE orders (id integer PRIMARY KEY, note text, total numeric);
CREATE INDEX a ON orders (note);
CREATE INDEX b ON orders (total);

-- ## rows
INSERT INTO orders VALUES (1, 'a', 1);

-- ## after
CREATE TABLE orders (id integer PRIMARY KEY, note text, total numeric);
CREATE INDEX a ON orders (lower(note), total DESC) WHERE total > 0;
CREATE UNIQUE INDEX c ON orders (note COLLATE NOCASE);

-- ## up
-- drops index main.orders.a for a while
-- notice remade-object main.orders.a
DROP INDEX "a";

-- drops index main.orders.b
-- notice drop-index main.orders.b
DROP INDEX "b";

-- makes index main.orders.a again
CREATE INDEX a ON orders (lower(note), total DESC) WHERE total > 0;

-- makes index main.orders.c
-- notice add-unique main.orders.c: no value of note occurs more than once; 1 row
CREATE UNIQUE INDEX c ON orders (note COLLATE NOCASE);

-- ## down
DROP INDEX "a";

DROP INDEX "c";

CREATE INDEX a ON orders (note);

CREATE INDEX b ON orders (total);

-- ## rows afterwards
-- orders: (1, 'a', 1)
