-- A foreign key and a unique become deferrable.

-- ## before
CREATE TABLE customers (
    id integer PRIMARY KEY,
    place integer CONSTRAINT customers_place UNIQUE
);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer integer CONSTRAINT orders_customer REFERENCES customers
);

-- ## rows
INSERT INTO customers VALUES (1, 1);
INSERT INTO orders VALUES (1, 1);

-- ## after
CREATE TABLE customers (
    id integer PRIMARY KEY,
    place integer CONSTRAINT customers_place UNIQUE DEFERRABLE
);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer integer CONSTRAINT orders_customer REFERENCES customers DEFERRABLE INITIALLY DEFERRED
);

-- ## up
-- drops constraint public.customers.customers_place for a while · ACCESS EXCLUSIVE on public.customers
-- notice remade-object public.customers.customers_place
ALTER TABLE public.customers DROP CONSTRAINT customers_place;

-- drops constraint public.orders.orders_customer for a while · ACCESS EXCLUSIVE on public.customers · ACCESS EXCLUSIVE on public.orders
-- notice remade-object public.orders.orders_customer
ALTER TABLE public.orders DROP CONSTRAINT orders_customer;

-- makes constraint public.customers.customers_place again · ACCESS EXCLUSIVE on public.customers
-- notice add-unique public.customers.customers_place: no value of place occurs more than once; 1 row, 8.0 kB
ALTER TABLE public.customers ADD CONSTRAINT customers_place UNIQUE (place) DEFERRABLE;

-- makes constraint public.orders.orders_customer again · SHARE ROW EXCLUSIVE on public.customers · SHARE ROW EXCLUSIVE on public.orders
-- notice unindexed-foreign-key public.orders.orders_customer
-- notice add-foreign-key public.orders.orders_customer: every customer refers to a row; 1 row, 8.0 kB
ALTER TABLE public.orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES public.customers(id) DEFERRABLE INITIALLY DEFERRED;

-- ## down
ALTER TABLE public.customers DROP CONSTRAINT customers_place;

ALTER TABLE public.orders DROP CONSTRAINT orders_customer;

ALTER TABLE public.customers ADD CONSTRAINT customers_place UNIQUE (place);

ALTER TABLE public.orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES public.customers(id);

-- ## rows afterwards
-- public.customers: (1,1)
-- public.orders: (1,1)
