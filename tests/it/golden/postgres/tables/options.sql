-- Storage parameters of a table.

-- ## before
CREATE TABLE orders (id integer PRIMARY KEY) WITH (fillfactor = 70, autovacuum_enabled = false);

-- ## after
CREATE TABLE orders (id integer PRIMARY KEY) WITH (fillfactor = 90, toast.autovacuum_enabled = false);
