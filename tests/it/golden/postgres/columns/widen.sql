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
-- changes public.orders.code from character varying(10) to text; changes public.orders.id from integer to bigint; changes public.orders.quantity from integer to bigint; and 2 things more · ACCESS EXCLUSIVE on public.orders · writes public.orders anew
-- notice rewrite-table public.orders: 2 rows, 8.0 kB: roughly less than 1 ms
-- measured: no values of code that cannot become text
-- measured: no values of id that cannot become bigint
-- measured: no values of quantity that cannot become bigint
-- measured: no values of total that cannot become numeric(12,2)
-- measured: no values of total that lose something as numeric(12,2)
ALTER TABLE public.orders
    ALTER COLUMN code TYPE text,
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN quantity TYPE bigint,
    ALTER COLUMN total TYPE numeric(12,2),
    ALTER COLUMN code SET DEFAULT 'none'::text;

-- ## down
ALTER TABLE public.orders
    ALTER COLUMN code TYPE character varying(10),
    ALTER COLUMN id TYPE integer,
    ALTER COLUMN quantity TYPE integer,
    ALTER COLUMN total TYPE numeric(8,2),
    ALTER COLUMN code SET DEFAULT 'none'::character varying;

-- ## rows afterwards
-- public.orders: (1,a,1.50,1) (2,b,999999.99,2147483647)
