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
-- makes constraint public.customers.customers_pkey; makes constraint public.customers.customers_email_key · ACCESS EXCLUSIVE on public.customers
-- notice add-primary-key public.customers.customers_pkey: no row has NULL in id; no value of id occurs more than once; 2 rows, 16.0 kB
-- notice add-unique public.customers.customers_email_key: no value of email occurs more than once; 2 rows, 16.0 kB
ALTER TABLE public.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (id),
    ADD CONSTRAINT customers_email_key UNIQUE (email);

-- makes constraint public.orders.orders_total_check; makes constraint public.orders.orders_customer_fkey · SHARE ROW EXCLUSIVE on public.customers · ACCESS EXCLUSIVE on public.orders
-- notice add-check public.orders.orders_total_check: every row passes the check; 3 rows, 16.0 kB
-- notice unindexed-foreign-key public.orders.orders_customer_fkey
-- notice add-foreign-key public.orders.orders_customer_fkey: every customer refers to a row; 3 rows, 16.0 kB
ALTER TABLE public.orders
    ADD CONSTRAINT orders_total_check CHECK ((total > (0)::numeric)),
    ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer) REFERENCES public.customers(id) ON DELETE CASCADE;

-- ## down
ALTER TABLE public.customers DROP CONSTRAINT customers_email_key;

ALTER TABLE public.orders
    DROP CONSTRAINT orders_total_check,
    DROP CONSTRAINT orders_customer_fkey;

ALTER TABLE public.customers DROP CONSTRAINT customers_pkey;

-- ## rows afterwards
-- public.customers: (1,a@x) (2,b@x)
-- public.orders: (1,1,5) (2,2,6) (3,,7)
