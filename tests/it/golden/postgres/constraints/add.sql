-- A primary key, a unique, a check and a foreign key are added.

-- ## before
CREATE TABLE customers (
    id integer NOT NULL,
    email text
);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer integer,
    total numeric
);

-- ## rows
INSERT INTO customers VALUES (1, 'a@x'), (2, 'b@x');
INSERT INTO orders VALUES (1, 1, 5), (2, 2, 6), (3, NULL, 7);

-- ## after
CREATE TABLE customers (
    id integer PRIMARY KEY,
    email text UNIQUE
);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer integer REFERENCES customers ON DELETE CASCADE,
    total numeric CHECK (total > 0)
);

-- ## up
-- makes constraint public.customers.customers_email_key; makes constraint public.customers.customers_pkey · ACCESS EXCLUSIVE on public.customers
-- notice add-unique public.customers.customers_email_key: no values of email occurring more than once; 2 rows, 16.0 kB: roughly less than 1 ms
-- notice add-primary-key public.customers.customers_pkey: no rows have NULL in id; no values of id occurring more than once; 2 rows, 16.0 kB: roughly less than 1 ms
-- measured: no values of email occurring more than once
-- measured: no rows have NULL in id
-- measured: no values of id occurring more than once
ALTER TABLE public.customers
    ADD CONSTRAINT customers_email_key UNIQUE (email),
    ADD CONSTRAINT customers_pkey PRIMARY KEY (id);

-- makes constraint public.orders.orders_customer_fkey; makes constraint public.orders.orders_total_check · SHARE ROW EXCLUSIVE on public.customers · ACCESS EXCLUSIVE on public.orders
-- notice unindexed-foreign-key public.orders.orders_customer_fkey: no rows whose customer refers to nothing
-- notice add-foreign-key public.orders.orders_customer_fkey: no rows whose customer refers to nothing; 3 rows, 16.0 kB: roughly less than 1 ms
-- notice add-check public.orders.orders_total_check: no rows that the check refuses; 3 rows, 16.0 kB: roughly less than 1 ms
-- notice locks-other-table public.customers: 2 rows, 16.0 kB
-- measured: no rows whose customer refers to nothing
-- measured: no rows that the check refuses
ALTER TABLE public.orders
    ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer) REFERENCES public.customers(id) ON DELETE CASCADE,
    ADD CONSTRAINT orders_total_check CHECK ((total > (0)::numeric));

-- ## down
ALTER TABLE public.customers DROP CONSTRAINT customers_email_key;

ALTER TABLE public.orders DROP CONSTRAINT orders_customer_fkey;

ALTER TABLE public.customers DROP CONSTRAINT customers_pkey;

ALTER TABLE public.orders DROP CONSTRAINT orders_total_check;

-- ## rows afterwards
-- public.customers: (1,a@x) (2,b@x)
-- public.orders: (1,1,5) (2,2,6) (3,,7)
