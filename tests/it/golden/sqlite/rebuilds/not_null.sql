-- A column refuses NULL; another gets a default; the index and trigger stay.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text,
    status text
);
CREATE INDEX orders_note ON orders (note);
CREATE TRIGGER orders_log AFTER INSERT ON orders BEGIN UPDATE orders SET status = 'new' WHERE id = NEW.id; END;
CREATE VIEW notes AS SELECT note FROM orders;

-- ## rows
INSERT INTO orders VALUES (1, 'a', 'x'), (5, 'b', 'y');

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text NOT NULL,
    status text DEFAULT 'open'
);
CREATE INDEX orders_note ON orders (note);
CREATE TRIGGER orders_log AFTER INSERT ON orders BEGIN UPDATE orders SET status = 'new' WHERE id = NEW.id; END;
CREATE VIEW notes AS SELECT note FROM orders;

-- ## up
-- makes the new form of table main.orders
CREATE TABLE "__dbs_orders" (
    id integer PRIMARY KEY,
    note text NOT NULL,
    status text DEFAULT 'open'
);

-- copies the rows of main.orders into its new form; refuses NULL in main.orders.note
-- notice rebuild-table main.orders: 2 rows
-- notice set-not-null main.orders.note: no row has NULL in note; 2 rows
INSERT INTO "__dbs_orders" ("id", "note", "status") SELECT "orders"."id", "orders"."note", "orders"."status" FROM "orders";

-- drops the old form of table main.orders; drops index main.orders.orders_note for a while; drops trigger main.orders.orders_log for a while
DROP TABLE "orders";

-- puts the new form of table main.orders in its place
ALTER TABLE "__dbs_orders" RENAME TO "orders";

-- makes index main.orders.orders_note again
CREATE INDEX orders_note ON orders (note);

-- makes trigger main.orders.orders_log again
CREATE TRIGGER orders_log AFTER INSERT ON orders BEGIN UPDATE orders SET status = 'new' WHERE id = NEW.id; END;

-- ## down
CREATE TABLE "__dbs_orders" (
    id integer PRIMARY KEY,
    note text,
    status text
);

INSERT INTO "__dbs_orders" ("id", "note", "status") SELECT "orders"."id", "orders"."note", "orders"."status" FROM "orders";

DROP TABLE "orders";

ALTER TABLE "__dbs_orders" RENAME TO "orders";

CREATE INDEX orders_note ON orders (note);

CREATE TRIGGER orders_log AFTER INSERT ON orders BEGIN UPDATE orders SET status = 'new' WHERE id = NEW.id; END;

-- ## rows afterwards
-- orders: (1, 'a', 'new') (5, 'b', 'new')
