-- Row security comes with policies.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    owner text
);

-- ## rows
INSERT INTO orders VALUES (1, 'a');

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    owner text
);

ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE orders FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON orders USING (owner = current_user);
CREATE POLICY monitor ON orders AS RESTRICTIVE FOR SELECT TO pg_monitor USING (id > 0);

-- ## up
-- changes who may do what with table public.orders
-- notice enable-row-security public.orders
ALTER TABLE public.orders
    ENABLE ROW LEVEL SECURITY,
    FORCE ROW LEVEL SECURITY;

-- changes who may do what with policy public.orders.mine
-- warning change-policy public.orders.mine
CREATE POLICY mine ON public.orders USING ((owner = CURRENT_USER));

-- changes who may do what with policy public.orders.monitor
-- warning change-policy public.orders.monitor
CREATE POLICY monitor ON public.orders AS RESTRICTIVE FOR SELECT TO pg_monitor USING ((id > 0));

-- ## down
DROP POLICY mine ON public.orders;

DROP POLICY monitor ON public.orders;

ALTER TABLE public.orders
    DISABLE ROW LEVEL SECURITY,
    NO FORCE ROW LEVEL SECURITY;

-- ## rows afterwards
-- public.orders: (1,a)
