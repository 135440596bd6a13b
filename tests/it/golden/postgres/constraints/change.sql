-- Constraints that can only be made anew: another expression, another action, other columns.

-- ## before
CREATE TABLE customers (
    id integer PRIMARY KEY,
    email text,
    country text,
    CONSTRAINT customers_one UNIQUE (email)
);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer integer CONSTRAINT orders_customer REFERENCES customers,
    total numeric CONSTRAINT orders_total CHECK (total > 0)
);

-- ## rows
INSERT INTO customers VALUES (1, 'a@x'), (2, 'b@x');
INSERT INTO orders VALUES (1, 1, 5), (2, 2, 6), (3, NULL, 7);

-- ## after
CREATE TABLE customers (
    id integer PRIMARY KEY,
    email text,
    country text,
    CONSTRAINT customers_one UNIQUE (email, country)
);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer integer CONSTRAINT orders_customer REFERENCES customers ON DELETE SET NULL,
    total numeric CONSTRAINT orders_total CHECK (total >= 0)
);

-- ## up
-- drops constraint public.customers.customers_one for a while · ACCESS EXCLUSIVE on public.customers
-- notice remade-object public.customers.customers_one
-- notice exclusive-lock public.customers: 2 rows, 16.0 kB
ALTER TABLE public.customers DROP CONSTRAINT customers_one;

-- drops constraint public.orders.orders_customer for a while; drops constraint public.orders.orders_total for a while · ACCESS EXCLUSIVE on public.customers · ACCESS EXCLUSIVE on public.orders
-- notice remade-object public.orders.orders_customer
-- notice remade-object public.orders.orders_total
-- notice locks-other-table public.customers: 2 rows, 16.0 kB
-- notice exclusive-lock public.orders: 3 rows, 16.0 kB
ALTER TABLE public.orders
    DROP CONSTRAINT orders_customer,
    DROP CONSTRAINT orders_total;

-- makes constraint public.customers.customers_one again · ACCESS EXCLUSIVE on public.customers
-- notice add-unique public.customers.customers_one: no values of email, country occurring more than once; 2 rows, 16.0 kB: roughly 4 ms
-- measured: no values of email, country occurring more than once
ALTER TABLE public.customers ADD CONSTRAINT customers_one UNIQUE (email, country);

-- makes constraint public.orders.orders_customer again; makes constraint public.orders.orders_total again · SHARE ROW EXCLUSIVE on public.customers · ACCESS EXCLUSIVE on public.orders
-- notice unindexed-foreign-key public.orders.orders_customer: no rows whose customer refers to nothing
-- notice add-foreign-key public.orders.orders_customer: no rows whose customer refers to nothing; 3 rows, 16.0 kB: roughly 4 ms
-- notice add-check public.orders.orders_total: no rows that the check refuses; 3 rows, 16.0 kB: roughly 4 ms
-- notice locks-other-table public.customers: 2 rows, 16.0 kB
-- measured: no rows whose customer refers to nothing
-- measured: no rows that the check refuses
ALTER TABLE public.orders
    ADD CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES public.customers(id) ON DELETE SET NULL,
    ADD CONSTRAINT orders_total CHECK ((total >= (0)::numeric));

-- ## down
ALTER TABLE public.customers DROP CONSTRAINT customers_one;

ALTER TABLE public.orders
    DROP CONSTRAINT orders_customer,
    DROP CONSTRAINT orders_total;

ALTER TABLE public.customers ADD CONSTRAINT customers_one UNIQUE (email);

ALTER TABLE public.orders
    ADD CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES public.customers(id),
    ADD CONSTRAINT orders_total CHECK ((total > (0)::numeric));

-- ## rows afterwards
-- public.customers: (1,a@x,) (2,b@x,)
-- public.orders: (1,1,5) (2,2,6) (3,,7)
