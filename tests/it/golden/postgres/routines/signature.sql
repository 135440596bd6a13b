-- A function returns another type: it is made again with what depends on it.

-- ## before
CREATE FUNCTION rate() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 2';
CREATE TABLE orders (
    id integer PRIMARY KEY,
    total numeric DEFAULT rate(),
    CHECK (total > rate())
);
CREATE VIEW rated AS SELECT id, total * rate() AS rated FROM orders;
CREATE INDEX orders_rated ON orders ((total * rate()));
COMMENT ON FUNCTION rate() IS 'the rate';

-- ## rows
INSERT INTO orders VALUES (1, 5), (2, 10);

-- ## after
CREATE FUNCTION rate() RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT 2.5';
CREATE TABLE orders (
    id integer PRIMARY KEY,
    total numeric DEFAULT rate(),
    CHECK (total > rate())
);
CREATE VIEW rated AS SELECT id, total * rate() AS rated FROM orders;
CREATE INDEX orders_rated ON orders ((total * rate()));
COMMENT ON FUNCTION rate() IS 'the rate';

-- ## up
-- drops view public.rated for a while
-- notice remade-object public.rated
DROP VIEW public.rated;

-- drops index public.orders.orders_rated for a while · ACCESS EXCLUSIVE on public.orders
-- notice remade-object public.orders.orders_rated
DROP INDEX public.orders_rated;

-- drops constraint public.orders.orders_total_check for a while; changes default public.orders.total · ACCESS EXCLUSIVE on public.orders
-- notice remade-object public.orders.orders_total_check
ALTER TABLE public.orders
    DROP CONSTRAINT orders_total_check,
    ALTER COLUMN total DROP DEFAULT;

-- drops routine public.rate() for a while
-- notice remade-object public.rate()
DROP FUNCTION public.rate();

-- makes routine public.rate() again
CREATE FUNCTION public.rate()
 RETURNS numeric
 LANGUAGE sql
 IMMUTABLE
AS $function$SELECT 2.5$function$;

-- comments on routine public.rate()
COMMENT ON FUNCTION public.rate() IS 'the rate';

-- changes default public.orders.total; makes constraint public.orders.orders_total_check again · ACCESS EXCLUSIVE on public.orders
-- notice add-check public.orders.orders_total_check: every row passes the check; 2 rows, 16.0 kB
ALTER TABLE public.orders
    ALTER COLUMN total SET DEFAULT public.rate(),
    ADD CONSTRAINT orders_total_check CHECK ((total > public.rate()));

-- makes index public.orders.orders_rated again · SHARE on public.orders
-- notice index-not-concurrent public.orders.orders_rated: 2 rows, 16.0 kB
CREATE INDEX orders_rated ON public.orders USING btree (((total * public.rate())));

-- makes view public.rated again · ACCESS SHARE on public.orders
CREATE VIEW public.rated AS
SELECT orders.id,
    (orders.total * public.rate()) AS rated
   FROM public.orders;

-- ## down
DROP VIEW public.rated;

DROP INDEX public.orders_rated;

ALTER TABLE public.orders
    DROP CONSTRAINT orders_total_check,
    ALTER COLUMN total DROP DEFAULT;

DROP FUNCTION public.rate();

CREATE FUNCTION public.rate()
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
AS $function$SELECT 2$function$;

COMMENT ON FUNCTION public.rate() IS 'the rate';

ALTER TABLE public.orders
    ALTER COLUMN total SET DEFAULT public.rate(),
    ADD CONSTRAINT orders_total_check CHECK ((total > (public.rate())::numeric));

CREATE INDEX orders_rated ON public.orders USING btree (((total * (public.rate())::numeric)));

CREATE VIEW public.rated AS
SELECT orders.id,
    (orders.total * (public.rate())::numeric) AS rated
   FROM public.orders;

-- ## rows afterwards
-- public.orders: (1,5) (2,10)
