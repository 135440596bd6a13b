-- A column gets another collation; its index is built again by the server.

-- ## before
CREATE TABLE names (
    id integer PRIMARY KEY,
    name text
);
CREATE INDEX names_name ON names (name);

-- ## rows
INSERT INTO names VALUES (1, 'b'), (2, 'A');

-- ## after
CREATE TABLE names (
    id integer PRIMARY KEY,
    name text COLLATE "POSIX"
);
CREATE INDEX names_name ON names (name);

-- ## up
-- changes public.names.name from text to text · ACCESS EXCLUSIVE on public.names
-- notice scan-under-lock public.names: 2 rows, 16.0 kB: roughly 1 ms
-- measured: no values of name that cannot become text
ALTER TABLE public.names ALTER COLUMN name TYPE text COLLATE pg_catalog."POSIX";

-- ## down
ALTER TABLE public.names ALTER COLUMN name TYPE text;

-- ## rows afterwards
-- public.names: (1,b) (2,A)
