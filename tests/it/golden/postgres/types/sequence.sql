-- A sequence changes how it counts, one is given to a column, one goes.

-- ## before
CREATE SEQUENCE numbers;
CREATE SEQUENCE tickets;
CREATE SEQUENCE old_numbers;
CREATE TABLE orders (
    id integer PRIMARY KEY,
    number bigint
);

-- ## rows
SELECT nextval('numbers'), nextval('old_numbers');

-- ## after
CREATE SEQUENCE numbers INCREMENT BY 10 MAXVALUE 1000000 CACHE 5 CYCLE;
CREATE SEQUENCE tickets;
CREATE TABLE orders (
    id integer PRIMARY KEY,
    number bigint DEFAULT nextval('tickets')
);
ALTER SEQUENCE tickets OWNED BY orders.number;

-- ## up
-- drops sequence public.old_numbers
-- warning drop-sequence public.old_numbers
DROP SEQUENCE public.old_numbers;

-- changes sequence public.numbers
ALTER SEQUENCE public.numbers INCREMENT BY 10 MAXVALUE 1000000 CACHE 5 CYCLE;

-- changes sequence public.tickets · ACCESS SHARE on public.orders
ALTER SEQUENCE public.tickets OWNED BY public.orders.number;

-- changes default public.orders.number · ACCESS EXCLUSIVE on public.orders
ALTER TABLE public.orders ALTER COLUMN number SET DEFAULT nextval('public.tickets'::regclass);

-- ## down
ALTER SEQUENCE public.tickets OWNED BY NONE;

ALTER TABLE public.orders ALTER COLUMN number DROP DEFAULT;

ALTER SEQUENCE public.numbers INCREMENT BY 1 MAXVALUE 9223372036854775807 CACHE 1 NO CYCLE;

CREATE SEQUENCE public.old_numbers;

-- ## rows afterwards
-- public.orders: 
