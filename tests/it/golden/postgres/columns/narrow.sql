-- Types become narrower, and all values fit.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    code text,
    total numeric(12,4),
    quantity bigint
);

-- ## rows
INSERT INTO orders VALUES (1, 'abcde', 1.5, 1), (2, NULL, 2.25, 2147483647);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    code varchar(5),
    total numeric(12,2),
    quantity integer
);

-- ## up
-- changes public.orders.code from text to character varying(5); changes public.orders.total from numeric(12,4) to numeric(12,2); changes public.orders.quantity from bigint to integer · ACCESS EXCLUSIVE on public.orders · writes public.orders anew
-- notice narrow-type public.orders.code: every value of code fits character varying(5)
-- notice lossy-type public.orders.total: no value of total loses anything as numeric(12,2)
-- notice narrow-type public.orders.quantity: every value of quantity fits integer
-- notice rewrite-table public.orders: 2 rows, 16.0 kB
ALTER TABLE public.orders
    ALTER COLUMN code TYPE character varying(5),
    ALTER COLUMN total TYPE numeric(12,2),
    ALTER COLUMN quantity TYPE integer;

-- ## down
ALTER TABLE public.orders
    ALTER COLUMN code TYPE text,
    ALTER COLUMN total TYPE numeric(12,4),
    ALTER COLUMN quantity TYPE bigint;

-- ## rows afterwards
-- public.orders: (1,abcde,1.50,1) (2,,2.25,2147483647)
