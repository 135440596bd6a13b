-- Schemas come and go; a table stands in a new one.

-- ## with
-- no-renames

-- ## before
CREATE SCHEMA old;
CREATE TABLE old.things (id integer);

-- ## rows
INSERT INTO old.things VALUES (1), (2);

-- ## after
CREATE SCHEMA shop;
COMMENT ON SCHEMA shop IS 'the shop';
CREATE TABLE shop.orders (id integer);

-- ## up
-- drops table old.things · ACCESS EXCLUSIVE on old.things
-- danger drop-table old.things: 2 rows lost
DROP TABLE old.things;

-- drops schema old
-- notice drop-schema old
DROP SCHEMA old;

-- makes schema shop
CREATE SCHEMA shop;

-- comments on schema shop
COMMENT ON SCHEMA shop IS 'the shop';

-- makes table shop.orders
CREATE TABLE shop.orders (
    id integer
);

-- ## down
DROP TABLE shop.orders;

DROP SCHEMA shop;

CREATE SCHEMA old;

CREATE TABLE old.things (
    id integer
);

-- ## rows afterwards
-- shop.orders: 
