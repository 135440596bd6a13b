-- A collation of our own is made and used.

-- ## before
CREATE TABLE names (name text);

-- ## rows
INSERT INTO names VALUES ('a');

-- ## after
CREATE COLLATION ignoring_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE names (name text COLLATE ignoring_case);

-- ## up
-- makes collation public.ignoring_case
CREATE COLLATION public.ignoring_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);

-- changes the type of column public.names.name · ACCESS EXCLUSIVE on public.names
ALTER TABLE public.names ALTER COLUMN name TYPE text COLLATE public.ignoring_case;

-- ## down
ALTER TABLE public.names ALTER COLUMN name TYPE text;

DROP COLLATION public.ignoring_case;

-- ## rows afterwards
-- public.names: (a)
