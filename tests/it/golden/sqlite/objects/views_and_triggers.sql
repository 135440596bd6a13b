-- Views and triggers come, change and go.

-- ## before
CREATE TABLE orders (id integer PRIMARY KEY, note text);
CREATE VIEW a AS SELECT id FROM orders;
CREATE VIEW b AS SELECT id FROM a;
CREATE TRIGGER c AFTER INSERT ON orders BEGIN SELECT 1; END;
CREATE TRIGGER d INSTEAD OF INSERT ON a BEGIN INSERT INTO orders VALUES (NEW.id, NULL); END;

-- ## after
CREATE TABLE orders (id integer PRIMARY KEY, note text);
CREATE VIEW a AS SELECT id, note FROM orders;
CREATE VIEW b AS SELECT id FROM a;
CREATE TRIGGER d INSTEAD OF INSERT ON a BEGIN INSERT INTO orders VALUES (NEW.id, NEW.note); END;
CREATE TRIGGER e BEFORE DELETE ON orders WHEN OLD.id = 1 BEGIN SELECT RAISE(ABORT, 'no'); END;

-- ## up
-- drops trigger main.orders.c
-- warning drop-trigger main.orders.c
DROP TRIGGER "c";

-- drops view main.a for a while; drops trigger main.a.d for a while
-- notice remade-object main.a
-- notice remade-object main.a.d
DROP VIEW "a";

-- makes view main.a again
CREATE VIEW a AS SELECT id, note FROM orders;

-- makes trigger main.a.d again
CREATE TRIGGER d INSTEAD OF INSERT ON a BEGIN INSERT INTO orders VALUES (NEW.id, NEW.note); END;

-- makes trigger main.orders.e
CREATE TRIGGER e BEFORE DELETE ON orders WHEN OLD.id = 1 BEGIN SELECT RAISE(ABORT, 'no'); END;

-- ## down
DROP TRIGGER "e";

DROP VIEW "a";

CREATE VIEW a AS SELECT id FROM orders;

CREATE TRIGGER c AFTER INSERT ON orders BEGIN SELECT 1; END;

CREATE TRIGGER d INSTEAD OF INSERT ON a BEGIN INSERT INTO orders VALUES (NEW.id, NULL); END;
