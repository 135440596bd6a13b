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
ALTER TABLE public.customers DROP CONSTRAINT customers_one;

-- drops constraint public.orders.orders_total for a while; drops constraint public.orders.orders_customer for a while · ACCESS EXCLUSIVE on public.customers · ACCESS EXCLUSIVE on public.orders
-- notice remade-object public.orders.orders_total
-- notice remade-object public.orders.orders_customer
ALTER TABLE public.orders
    DROP CONSTRAINT orders_total,
    DROP CONSTRAINT orders_customer;

-- makes constraint public.customers.customers_one again · ACCESS EXCLUSIVE on public.customers
-- notice add-unique public.customers.customers_one: no value of email, country occurs more than once; 2 rows, 16.0 kB
ALTER TABLE public.customers ADD CONSTRAINT customers_one UNIQUE (email, country);

-- makes constraint public.orders.orders_total again; makes constraint public.orders.orders_customer again · SHARE ROW EXCLUSIVE on public.customers · ACCESS EXCLUSIVE on public.orders
-- notice add-check public.orders.orders_total: every row passes the check; 3 rows, 16.0 kB
-- notice unindexed-foreign-key public.orders.orders_customer
-- notice add-foreign-key public.orders.orders_customer: every customer refers to a row; 3 rows, 16.0 kB
ALTER TABLE public.orders
    ADD CONSTRAINT orders_total CHECK ((total >= (0)::numeric)),
    ADD CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES public.customers(id) ON DELETE SET NULL;

-- ## down
ALTER TABLE public.customers DROP CONSTRAINT customers_one;

ALTER TABLE public.orders
    DROP CONSTRAINT orders_total,
    DROP CONSTRAINT orders_customer;

ALTER TABLE public.customers ADD CONSTRAINT customers_one UNIQUE (email);

ALTER TABLE public.orders
    ADD CONSTRAINT orders_total CHECK ((total > (0)::numeric)),
    ADD CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES public.customers(id);

-- ## rows afterwards
-- public.customers: (1,a@x,) (2,b@x,)
-- public.orders: (1,1,5) (2,2,6) (3,,7)
