-- Row security goes.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    owner text
);
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY a ON orders USING (owner = current_user);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    owner text
);

-- ## up
-- changes who may do what with policy public.orders.a
-- danger drop-policy public.orders.a
DROP POLICY a ON public.orders;

-- changes who may do what with table public.orders
-- danger disable-row-security public.orders
ALTER TABLE public.orders DISABLE ROW LEVEL SECURITY;

-- ## down
ALTER TABLE public.orders ENABLE ROW LEVEL SECURITY;

CREATE POLICY a ON public.orders USING ((owner = CURRENT_USER));
