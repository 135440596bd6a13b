-- Types become wider; an index and a default stay.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    code varchar(10) NOT NULL DEFAULT 'none',
    total numeric(8,2),
    quantity integer NOT NULL DEFAULT 1
);
CREATE INDEX orders_code ON orders (code);

-- ## rows
INSERT INTO orders VALUES (1, 'a', 1.5, 1), (2, 'b', 999999.99, 2147483647);

-- ## after
CREATE TABLE orders (
    id bigint PRIMARY KEY,
    code text NOT NULL DEFAULT 'none',
    total numeric(12,2),
    quantity bigint NOT NULL DEFAULT 1
);
CREATE INDEX orders_code ON orders (code);

-- ## up
-- changes public.orders.id from integer to bigint; changes public.orders.code from character varying(10) to text; changes public.orders.total from numeric(8,2) to numeric(12,2); and 2 things more · ACCESS EXCLUSIVE on public.orders · writes public.orders anew
-- notice rewrite-table public.orders: 2 rows, 8.0 kB
ALTER TABLE public.orders
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN code TYPE text,
    ALTER COLUMN total TYPE numeric(12,2),
    ALTER COLUMN quantity TYPE bigint,
    ALTER COLUMN code SET DEFAULT 'none'::text;

-- ## down
ALTER TABLE public.orders
    ALTER COLUMN id TYPE integer,
    ALTER COLUMN code TYPE character varying(10),
    ALTER COLUMN total TYPE numeric(8,2),
    ALTER COLUMN quantity TYPE integer,
    ALTER COLUMN code SET DEFAULT 'none'::character varying;

-- ## rows afterwards
-- public.orders: (1,a,1.50,1) (2,b,999999.99,2147483647)
