-- Constraints for new rows only are checked for all rows.

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

ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total > 0) NOT VALID;
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES customers NOT VALID;

-- ## rows
INSERT INTO customers VALUES (1, 'a@x'), (2, 'b@x');
INSERT INTO orders VALUES (1, 1, 5), (2, 2, 6), (3, NULL, 7);

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

ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total > 0);
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES customers;

-- ## up
-- checks the rows for constraint public.orders.orders_total; checks the rows for constraint public.orders.orders_customer · ROW SHARE on public.customers · SHARE UPDATE EXCLUSIVE on public.orders
-- notice validate-constraint public.orders.orders_total: every row passes the check; 3 rows, 16.0 kB
-- notice validate-constraint public.orders.orders_customer: every customer refers to a row; 3 rows, 16.0 kB
ALTER TABLE public.orders
    VALIDATE CONSTRAINT orders_total,
    VALIDATE CONSTRAINT orders_customer;

-- ## down
ALTER TABLE public.orders
    DROP CONSTRAINT orders_total,
    DROP CONSTRAINT orders_customer;

ALTER TABLE public.orders
    ADD CONSTRAINT orders_total CHECK ((total > (0)::numeric)) NOT VALID,
    ADD CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES public.customers(id) NOT VALID;

-- ## rows afterwards
-- public.customers: (1,a@x) (2,b@x)
-- public.orders: (1,1,5) (2,2,6) (3,,7)
