-- A column under a view changes its type: the view is made again with all that belongs to it.

-- ## with
-- privileges

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    total integer,
    note text
);

CREATE VIEW large WITH (security_barrier = true) AS SELECT id, total FROM orders WHERE total > 100;
COMMENT ON VIEW large IS 'large orders';
COMMENT ON COLUMN large.total IS 'in cents';
GRANT SELECT ON large TO pg_monitor;
CREATE FUNCTION insert_large() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER large_insert INSTEAD OF INSERT ON large FOR EACH ROW EXECUTE FUNCTION insert_large();
CREATE RULE large_delete AS ON DELETE TO large DO INSTEAD NOTHING;

-- ## rows
INSERT INTO orders VALUES (1, 10, 'a'), (2, 20, NULL);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    total bigint,
    note text
);

CREATE VIEW large WITH (security_barrier = true) AS SELECT id, total FROM orders WHERE total > 100;
COMMENT ON VIEW large IS 'large orders';
COMMENT ON COLUMN large.total IS 'in cents';
GRANT SELECT ON large TO pg_monitor;
CREATE FUNCTION insert_large() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER large_insert INSTEAD OF INSERT ON large FOR EACH ROW EXECUTE FUNCTION insert_large();
CREATE RULE large_delete AS ON DELETE TO large DO INSTEAD NOTHING;

-- ## up
-- drops view public.large for a while
-- notice remade-object public.large
DROP VIEW public.large;

-- changes public.orders.total from integer to bigint · ACCESS EXCLUSIVE on public.orders · writes public.orders anew
-- notice rewrite-table public.orders: 2 rows, 16.0 kB
ALTER TABLE public.orders ALTER COLUMN total TYPE bigint;

-- makes view public.large again · ACCESS SHARE on public.orders
CREATE VIEW public.large WITH (security_barrier=true) AS
SELECT orders.id,
    orders.total
   FROM public.orders
  WHERE (orders.total > 100);

-- comments on view public.large
COMMENT ON COLUMN public.large.total IS 'in cents';

-- comments on view public.large
COMMENT ON VIEW public.large IS 'large orders';

-- changes who may do what with view public.large
GRANT SELECT ON TABLE public.large TO pg_monitor;

-- makes rule public.large.large_delete again
CREATE RULE large_delete AS
    ON DELETE TO public.large DO INSTEAD NOTHING;

-- makes trigger public.large.large_insert again
CREATE TRIGGER large_insert INSTEAD OF INSERT ON public.large FOR EACH ROW EXECUTE FUNCTION public.insert_large();

-- ## down
DROP VIEW public.large;

ALTER TABLE public.orders ALTER COLUMN total TYPE integer;

CREATE VIEW public.large WITH (security_barrier=true) AS
SELECT orders.id,
    orders.total
   FROM public.orders
  WHERE (orders.total > 100);

COMMENT ON COLUMN public.large.total IS 'in cents';

COMMENT ON VIEW public.large IS 'large orders';

GRANT SELECT ON TABLE public.large TO pg_monitor;

CREATE RULE large_delete AS
    ON DELETE TO public.large DO INSTEAD NOTHING;

CREATE TRIGGER large_insert INSTEAD OF INSERT ON public.large FOR EACH ROW EXECUTE FUNCTION public.insert_large();

-- ## rows afterwards
-- public.orders: (1,10,a) (2,20,)
