-- Constraints of all kinds go.

-- ## before
CREATE TABLE customers (
    id integer PRIMARY KEY,
    email text UNIQUE
);
CREATE TABLE orders (
    id integer,
    customer integer REFERENCES customers,
    total numeric CHECK (total > 0),
    during tsrange,
    EXCLUDE USING gist (during WITH &&)
);

-- ## rows
INSERT INTO customers VALUES (1, 'a@x'), (2, 'b@x');
INSERT INTO orders VALUES (1, 1, 5), (2, 2, 6), (3, NULL, 7);

-- ## after
CREATE TABLE customers (
    id integer PRIMARY KEY,
    email text
);
CREATE TABLE orders (
    id integer,
    customer integer,
    total numeric,
    during tsrange
);

-- ## up
-- drops constraint public.customers.customers_email_key · ACCESS EXCLUSIVE on public.customers
-- warning drop-constraint public.customers.customers_email_key
ALTER TABLE public.customers DROP CONSTRAINT customers_email_key;

-- drops constraint public.orders.orders_total_check; drops constraint public.orders.orders_customer_fkey; drops constraint public.orders.orders_during_excl · ACCESS EXCLUSIVE on public.customers · ACCESS EXCLUSIVE on public.orders
-- warning drop-constraint public.orders.orders_total_check
-- warning drop-constraint public.orders.orders_customer_fkey
-- warning drop-constraint public.orders.orders_during_excl
ALTER TABLE public.orders
    DROP CONSTRAINT orders_total_check,
    DROP CONSTRAINT orders_customer_fkey,
    DROP CONSTRAINT orders_during_excl;

-- ## down
ALTER TABLE public.customers ADD CONSTRAINT customers_email_key UNIQUE (email);

ALTER TABLE public.orders
    ADD CONSTRAINT orders_total_check CHECK ((total > (0)::numeric)),
    ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer) REFERENCES public.customers(id),
    ADD CONSTRAINT orders_during_excl EXCLUDE USING gist (during WITH &&);

-- ## rows afterwards
-- public.customers: (1,a@x) (2,b@x)
-- public.orders: (1,1,5,) (2,2,6,) (3,,7,)
