-- Row security without a policy shuts everybody out.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    owner text
);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    owner text
);
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;

-- ## up
-- changes who may do what with table public.orders
-- warning enable-row-security public.orders
ALTER TABLE public.orders ENABLE ROW LEVEL SECURITY;

-- ## down
ALTER TABLE public.orders DISABLE ROW LEVEL SECURITY;
