-- Privileges on a table, a column, a schema, a sequence and a function.

-- ## with
-- privileges

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    owner text
);

CREATE SEQUENCE numbers;
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
GRANT SELECT, DELETE ON orders TO pg_monitor;

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    owner text
);

CREATE SEQUENCE numbers;
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
GRANT SELECT, INSERT ON orders TO pg_monitor;
GRANT UPDATE (owner) ON orders TO pg_monitor WITH GRANT OPTION;
GRANT USAGE ON SEQUENCE numbers TO pg_monitor;
REVOKE ALL ON FUNCTION f() FROM PUBLIC;
GRANT CREATE ON SCHEMA public TO pg_monitor;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO pg_monitor;

-- ## up
-- changes who may do what with schema public
-- warning change-privileges public
GRANT CREATE ON SCHEMA public TO pg_monitor;

-- changes who may do what with sequence public.numbers
-- warning change-privileges public.numbers
GRANT USAGE ON SEQUENCE public.numbers TO pg_monitor;

-- changes who may do what with routine public.f()
-- warning change-privileges public.f()
REVOKE EXECUTE ON FUNCTION public.f() FROM PUBLIC;

-- changes who may do what with table public.orders
-- warning change-privileges public.orders
REVOKE DELETE ON TABLE public.orders FROM pg_monitor;

-- changes who may do what with table public.orders
-- warning change-privileges public.orders
GRANT INSERT ON TABLE public.orders TO pg_monitor;

-- changes who may do what with column public.orders.owner
-- warning change-privileges public.orders.owner
GRANT UPDATE (owner) ON public.orders TO pg_monitor WITH GRANT OPTION;

-- changes who may do what with default privileges postgres
-- warning change-privileges postgres
ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT SELECT ON TABLES TO pg_monitor;

-- ## down
ALTER DEFAULT PRIVILEGES FOR ROLE postgres REVOKE SELECT ON TABLES FROM pg_monitor;

REVOKE CREATE ON SCHEMA public FROM pg_monitor;

REVOKE USAGE ON SEQUENCE public.numbers FROM pg_monitor;

GRANT EXECUTE ON FUNCTION public.f() TO PUBLIC;

REVOKE INSERT ON TABLE public.orders FROM pg_monitor;

GRANT DELETE ON TABLE public.orders TO pg_monitor;

REVOKE UPDATE (owner) ON public.orders FROM pg_monitor;
