-- Privileges on a table, a column, a schema, a sequence and a function.

-- ## with
-- privileges

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    owner text
);

CREATE SEQUENCE numbers;
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
GRANT SELECT, DELETE ON orders TO pg_monitor;

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    owner text
);

CREATE SEQUENCE numbers;
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
GRANT SELECT, INSERT ON orders TO pg_monitor;
GRANT UPDATE (owner) ON orders TO pg_monitor WITH GRANT OPTION;
GRANT USAGE ON SEQUENCE numbers TO pg_monitor;
REVOKE ALL ON FUNCTION f() FROM PUBLIC;
GRANT CREATE ON SCHEMA public TO pg_monitor;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO pg_monitor;
