-- Constraints are added without a long lock: checked afterwards, keys by way of an index.

-- ## with
-- online

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
    customer integer REFERENCES customers,
    total numeric NOT NULL CHECK (total > 0)
);

-- ## up
-- makes constraint public.customers.customers_pkey · SHARE UPDATE EXCLUSIVE on public.customers · outside a transaction
-- notice add-unique public.customers.customers_pkey: no value of id occurs more than once; 2 rows, 16.0 kB
-- notice not-in-transaction public.customers.customers_pkey
-- measured: no row has NULL in id
CREATE UNIQUE INDEX CONCURRENTLY customers_pkey ON public.customers (id);

-- sets up the transaction
SET LOCAL lock_timeout = '4s';

-- changes constraint public.customers.customers_pkey · ACCESS EXCLUSIVE on public.customers
-- notice exclusive-lock public.customers: 2 rows, 16.0 kB
ALTER TABLE public.customers ADD CONSTRAINT customers_pkey PRIMARY KEY USING INDEX customers_pkey;

-- changes column public.orders.total · ACCESS EXCLUSIVE on public.orders
-- notice exclusive-lock public.orders: 3 rows, 16.0 kB
ALTER TABLE public.orders ADD CONSTRAINT total__dbs_not_null CHECK (total IS NOT NULL) NOT VALID;

-- refuses NULL in public.orders.total · SHARE UPDATE EXCLUSIVE on public.orders
-- notice set-not-null public.orders.total: no row has NULL in total; 3 rows, 16.0 kB
ALTER TABLE public.orders VALIDATE CONSTRAINT total__dbs_not_null;

-- sets up the transaction
SET LOCAL lock_timeout = '4s';

-- changes column public.orders.total · ACCESS EXCLUSIVE on public.orders
ALTER TABLE public.orders
    ALTER COLUMN total SET NOT NULL,
    DROP CONSTRAINT total__dbs_not_null;

-- makes constraint public.orders.orders_total_check; makes constraint public.orders.orders_customer_fkey · SHARE ROW EXCLUSIVE on public.customers · ACCESS EXCLUSIVE on public.orders
-- notice unindexed-foreign-key public.orders.orders_customer_fkey
-- notice locks-other-table public.customers: 2 rows, 16.0 kB
ALTER TABLE public.orders
    ADD CONSTRAINT orders_total_check CHECK ((total > (0)::numeric)) NOT VALID,
    ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer) REFERENCES public.customers(id) NOT VALID;

-- checks the rows for constraint public.orders.orders_total_check · SHARE UPDATE EXCLUSIVE on public.orders
-- notice validate-constraint public.orders.orders_total_check: every row passes the check; 3 rows, 16.0 kB
ALTER TABLE public.orders VALIDATE CONSTRAINT orders_total_check;

-- checks the rows for constraint public.orders.orders_customer_fkey · ROW SHARE on public.customers · SHARE UPDATE EXCLUSIVE on public.orders
-- notice validate-constraint public.orders.orders_customer_fkey: every customer refers to a row; 3 rows, 16.0 kB
ALTER TABLE public.orders VALIDATE CONSTRAINT orders_customer_fkey;

-- makes constraint public.customers.customers_email_key · SHARE UPDATE EXCLUSIVE on public.customers · outside a transaction
-- notice add-unique public.customers.customers_email_key: no value of email occurs more than once; 2 rows, 16.0 kB
-- notice not-in-transaction public.customers.customers_email_key
CREATE UNIQUE INDEX CONCURRENTLY customers_email_key ON public.customers (email);

-- sets up the transaction
SET LOCAL lock_timeout = '4s';

-- changes constraint public.customers.customers_email_key · ACCESS EXCLUSIVE on public.customers
ALTER TABLE public.customers ADD CONSTRAINT customers_email_key UNIQUE USING INDEX customers_email_key;

-- ## down
ALTER TABLE public.customers DROP CONSTRAINT customers_email_key;

ALTER TABLE public.orders
    DROP CONSTRAINT orders_total_check,
    DROP CONSTRAINT orders_customer_fkey;

ALTER TABLE public.customers DROP CONSTRAINT customers_pkey;

ALTER TABLE public.orders ALTER COLUMN total DROP NOT NULL;

-- ## rows afterwards
-- public.customers: (1,a@x) (2,b@x)
-- public.orders: (1,1,5) (2,2,6) (3,,7)
