-- A type becomes narrower than two values.

-- ## with
-- fails

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    code text
);

-- ## rows
INSERT INTO orders VALUES (1, 'short'), (2, 'too long'), (3, 'longer still'), (4, NULL);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    code varchar(5)
);

-- ## up
-- changes public.orders.code from text to character varying(5) · ACCESS EXCLUSIVE on public.orders · writes public.orders anew
-- danger narrow-type public.orders.code: 2 values of code that cannot become character varying(5): 'longer still', 'too long'
-- notice rewrite-table public.orders: 4 rows, 16.0 kB
ALTER TABLE public.orders ALTER COLUMN code TYPE character varying(5);

-- ## failure
-- value too long for type character varying(5)
-- ALTER TABLE public.orders ALTER COLUMN code TYPE character varying(5)
-- Everything was rolled back: the database is as it was

-- ## down
ALTER TABLE public.orders ALTER COLUMN code TYPE text;
