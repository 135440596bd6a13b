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
-- changes the type of column public.names.name · ACCESS EXCLUSIVE on public.names
ALTER TABLE public.names ALTER COLUMN name TYPE text COLLATE pg_catalog."POSIX";

-- ## down
ALTER TABLE public.names ALTER COLUMN name TYPE text;

-- ## rows afterwards
-- public.names: (1,b) (2,A)
