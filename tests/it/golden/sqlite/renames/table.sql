-- A table gets another name; its index, trigger and view follow.

-- ## with
-- rename orders=purchases

-- ## before
CREATE TABLE orders (id integer PRIMARY KEY, note text);
CREATE TABLE lines (id integer PRIMARY KEY, "order" integer REFERENCES orders (id));
CREATE INDEX by_note ON orders (note);
CREATE VIEW notes AS SELECT note FROM orders;

-- ## rows
INSERT INTO orders VALUES (1, 'a');
INSERT INTO lines VALUES (1, 1);

-- ## after
CREATE TABLE purchases (id integer PRIMARY KEY, note text);
CREATE TABLE lines (id integer PRIMARY KEY, "order" integer REFERENCES purchases (id));
CREATE INDEX by_note ON purchases (note);
CREATE VIEW notes AS SELECT note FROM purchases;

-- ## up
-- renames table main.orders to purchases
-- warning rename-table main.orders
ALTER TABLE "orders" RENAME TO "purchases";

-- ## down
ALTER TABLE "purchases" RENAME TO "orders";

-- ## rows afterwards
-- lines: (1, 1)
-- purchases: (1, 'a')
