-- A check and a foreign key for new rows only.

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
INSERT INTO orders VALUES (1, 9, -5);

-- ## after
CREATE TABLE customers (
    id integer PRIMARY KEY,
    email text
);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer integer,
    total numeric
);

ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total > 0) NOT VALID;
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES customers NOT VALID;

-- ## up
-- makes constraint public.orders.orders_total; makes constraint public.orders.orders_customer · SHARE ROW EXCLUSIVE on public.customers · ACCESS EXCLUSIVE on public.orders
-- notice unindexed-foreign-key public.orders.orders_customer
ALTER TABLE public.orders
    ADD CONSTRAINT orders_total CHECK ((total > (0)::numeric)) NOT VALID,
    ADD CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES public.customers(id) NOT VALID;

-- ## down
ALTER TABLE public.orders
    DROP CONSTRAINT orders_total,
    DROP CONSTRAINT orders_customer;

-- ## rows afterwards
-- public.customers: 
-- public.orders: (1,9,-5)
