-- Extended statistics come and change.

-- ## before
CREATE TABLE orders (a integer, b integer);
CREATE STATISTICS orders_ab (dependencies) ON a, b FROM orders;

-- ## after
CREATE TABLE orders (a integer, b integer);
CREATE STATISTICS orders_ab (ndistinct, mcv) ON a, b FROM orders;
ALTER STATISTICS orders_ab SET STATISTICS 200;

-- ## up
-- drops statistics public.orders_ab for a while
-- notice remade-object public.orders_ab
DROP STATISTICS public.orders_ab;

-- makes statistics public.orders_ab again
CREATE STATISTICS public.orders_ab (ndistinct, mcv) ON a, b FROM public.orders;

-- changes statistics public.orders_ab
ALTER STATISTICS public.orders_ab SET STATISTICS 200;

-- ## down
DROP STATISTICS public.orders_ab;

CREATE STATISTICS public.orders_ab (dependencies) ON a, b FROM public.orders;
