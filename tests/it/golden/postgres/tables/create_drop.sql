-- Tables come and go, with references between them and an old one.

-- ## with
-- no-renames

-- ## before
CREATE TABLE customers (id integer PRIMARY KEY);
CREATE TABLE notes (
    id integer PRIMARY KEY,
    customer integer REFERENCES customers
);

-- ## rows
INSERT INTO customers VALUES (1);
INSERT INTO notes VALUES (1, 1), (2, 1);

-- ## after
CREATE TABLE customers (id integer PRIMARY KEY);
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer integer NOT NULL REFERENCES customers ON DELETE CASCADE,
    status text DEFAULT 'open' NOT NULL CHECK (status IN ('open', 'paid')),
    UNIQUE (customer, status)
);
CREATE INDEX orders_customer ON orders (customer);
COMMENT ON TABLE orders IS 'orders';

-- ## up
-- drops table public.notes · ACCESS EXCLUSIVE on public.customers · ACCESS EXCLUSIVE on public.notes
-- danger drop-table public.notes: 2 rows lost
DROP TABLE public.notes;

-- makes table public.orders · SHARE ROW EXCLUSIVE on public.customers
CREATE TABLE public.orders (
    id bigint GENERATED ALWAYS AS IDENTITY,
    customer integer NOT NULL,
    status text DEFAULT 'open'::text NOT NULL,
    CONSTRAINT orders_pkey PRIMARY KEY (id),
    CONSTRAINT orders_customer_status_key UNIQUE (customer, status),
    CONSTRAINT orders_status_check CHECK ((status = ANY (ARRAY['open'::text, 'paid'::text]))),
    CONSTRAINT orders_customer_fkey FOREIGN KEY (customer) REFERENCES public.customers(id) ON DELETE CASCADE
);

-- comments on table public.orders
COMMENT ON TABLE public.orders IS 'orders';

-- makes index public.orders.orders_customer
CREATE INDEX orders_customer ON public.orders USING btree (customer);

-- ## down
DROP TABLE public.orders;

CREATE TABLE public.notes (
    id integer NOT NULL,
    customer integer,
    CONSTRAINT notes_pkey PRIMARY KEY (id),
    CONSTRAINT notes_customer_fkey FOREIGN KEY (customer) REFERENCES public.customers(id)
);

-- ## rows afterwards
-- public.customers: (1)
-- public.orders: 
