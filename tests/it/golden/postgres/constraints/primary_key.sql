-- A table gets another primary key; what refers to the old one is made again.

-- ## before
CREATE TABLE customers (
    id integer PRIMARY KEY,
    number integer NOT NULL UNIQUE
);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer integer CONSTRAINT orders_customer REFERENCES customers (id)
);

-- ## rows
INSERT INTO customers VALUES (1, 7);
INSERT INTO orders VALUES (1, 1);

-- ## after
CREATE TABLE customers (
    id integer NOT NULL UNIQUE,
    number integer PRIMARY KEY
);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer integer CONSTRAINT orders_customer REFERENCES customers (id)
);

-- ## up
-- drops constraint public.customers.customers_number_key · ACCESS EXCLUSIVE on public.customers
-- warning drop-constraint public.customers.customers_number_key
ALTER TABLE public.customers DROP CONSTRAINT customers_number_key;

-- drops constraint public.orders.orders_customer for a while · ACCESS EXCLUSIVE on public.customers · ACCESS EXCLUSIVE on public.orders
-- notice remade-object public.orders.orders_customer
ALTER TABLE public.orders DROP CONSTRAINT orders_customer;

-- drops constraint public.customers.customers_pkey for a while · ACCESS EXCLUSIVE on public.customers
-- notice remade-object public.customers.customers_pkey
ALTER TABLE public.customers DROP CONSTRAINT customers_pkey;

-- makes constraint public.customers.customers_pkey again; makes constraint public.customers.customers_id_key · ACCESS EXCLUSIVE on public.customers
-- notice add-primary-key public.customers.customers_pkey: no row has NULL in number; no value of number occurs more than once; 1 row, 8.0 kB
-- notice add-unique public.customers.customers_id_key: no value of id occurs more than once; 1 row, 8.0 kB
ALTER TABLE public.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (number),
    ADD CONSTRAINT customers_id_key UNIQUE (id);

-- makes constraint public.orders.orders_customer again · SHARE ROW EXCLUSIVE on public.customers · SHARE ROW EXCLUSIVE on public.orders
ALTER TABLE public.orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES public.customers(id);

-- ## down
ALTER TABLE public.customers DROP CONSTRAINT customers_pkey;

ALTER TABLE public.orders DROP CONSTRAINT orders_customer;

ALTER TABLE public.customers DROP CONSTRAINT customers_id_key;

ALTER TABLE public.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (id),
    ADD CONSTRAINT customers_number_key UNIQUE (number);

ALTER TABLE public.orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES public.customers(id);

-- ## rows afterwards
-- public.customers: (1,7)
-- public.orders: (1,1)
