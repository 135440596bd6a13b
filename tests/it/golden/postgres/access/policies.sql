-- A policy gets another expression, one another command, one goes.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    owner text
);
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;

CREATE POLICY a ON orders USING (owner = current_user);
CREATE POLICY b ON orders FOR SELECT USING (true);
CREATE POLICY c ON orders USING (id = 1);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    owner text
);
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;

CREATE POLICY a ON orders TO pg_monitor USING (owner = session_user) WITH CHECK (id > 0);
CREATE POLICY b ON orders FOR DELETE USING (true);

-- ## up
-- changes who may do what with policy public.orders.b
-- notice remade-object public.orders.b
DROP POLICY b ON public.orders;

-- changes who may do what with policy public.orders.c
-- danger drop-policy public.orders.c
DROP POLICY c ON public.orders;

-- changes who may do what with policy public.orders.a
-- warning change-policy public.orders.a
ALTER POLICY a ON public.orders TO pg_monitor USING ((owner = SESSION_USER)) WITH CHECK ((id > 0));

-- changes who may do what with policy public.orders.b
-- warning change-policy public.orders.b
CREATE POLICY b ON public.orders FOR DELETE USING (true);

-- ## down
DROP POLICY a ON public.orders;

DROP POLICY b ON public.orders;

CREATE POLICY a ON public.orders USING ((owner = CURRENT_USER));

CREATE POLICY b ON public.orders FOR SELECT USING (true);

CREATE POLICY c ON public.orders USING ((id = 1));
