-- A domain gets another base type; its column is converted.

-- ## before
CREATE DOMAIN code AS varchar(10) CHECK (VALUE <> '');
CREATE TABLE orders (
    id integer PRIMARY KEY,
    code code
);

-- ## rows
INSERT INTO orders VALUES (1, 'a');

-- ## after
CREATE DOMAIN code AS text CHECK (VALUE <> '');
CREATE TABLE orders (
    id integer PRIMARY KEY,
    code code
);

-- ## up
-- sets domain public.code aside
-- notice remade-object public.code
ALTER DOMAIN public.code RENAME TO code__dbs_old;

-- makes domain public.code
CREATE DOMAIN public.code AS text
    CONSTRAINT code_check CHECK ((VALUE <> ''::text));

-- changes the type of column public.orders.code · ACCESS EXCLUSIVE on public.orders · writes public.orders anew
-- notice rewrite-table public.orders: 1 row, 16.0 kB
-- measured: every row passes the check
ALTER TABLE public.orders ALTER COLUMN code TYPE public.code USING code::text::public.code;

-- drops the old form of domain public.code
DROP DOMAIN public.code__dbs_old;

-- ## down
ALTER DOMAIN public.code RENAME TO code__dbs_old;

CREATE DOMAIN public.code AS character varying(10)
    CONSTRAINT code_check CHECK (((VALUE)::text <> ''::text));

ALTER TABLE public.orders ALTER COLUMN code TYPE public.code USING code::text::public.code;

DROP DOMAIN public.code__dbs_old;

-- ## rows afterwards
-- public.orders: (1,a)
