-- A unique, a check and a foreign key that the rows do not pass.

-- ## with
-- fails

-- ## before
CREATE TABLE customers (
    id integer PRIMARY KEY,
    email text
);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer integer,
    total numeric
);

-- ## rows
INSERT INTO customers VALUES (1, 'a@x'), (2, 'a@x'), (3, 'b@x');
INSERT INTO orders VALUES (1, 1, 5), (2, 9, -6), (3, NULL, 0), (4, 8, 1);

-- ## after
CREATE TABLE customers (
    id integer PRIMARY KEY,
    email text UNIQUE
);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer integer REFERENCES customers,
    total numeric CHECK (total > 0)
);

-- ## up
-- makes constraint public.customers.customers_email_key · ACCESS EXCLUSIVE on public.customers
-- danger add-unique public.customers.customers_email_key: 1 value of email occurring more than once: a@x
ALTER TABLE public.customers ADD CONSTRAINT customers_email_key UNIQUE (email);

-- makes constraint public.orders.orders_total_check; makes constraint public.orders.orders_customer_fkey · SHARE ROW EXCLUSIVE on public.customers · ACCESS EXCLUSIVE on public.orders
-- danger add-check public.orders.orders_total_check: 2 rows that the check refuses: id = 2, id = 3
-- danger add-foreign-key public.orders.orders_customer_fkey: 2 rows whose customer refers to nothing: customer = 8, customer = 9
-- notice unindexed-foreign-key public.orders.orders_customer_fkey
ALTER TABLE public.orders
    ADD CONSTRAINT orders_total_check CHECK ((total > (0)::numeric)),
    ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer) REFERENCES public.customers(id);

-- ## failure
-- could not create unique index "customers_email_key". Key (email)=(a@x) is duplicated
-- ALTER TABLE public.customers ADD CONSTRAINT customers_email_key UNIQUE (email)
-- Everything was rolled back: the database is as it was

-- ## down
ALTER TABLE public.customers DROP CONSTRAINT customers_email_key;

ALTER TABLE public.orders
    DROP CONSTRAINT orders_total_check,
    DROP CONSTRAINT orders_customer_fkey;
