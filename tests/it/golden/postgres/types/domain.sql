-- A domain gets a check, a default, and refuses NULL; another is made and used.

-- ## before
CREATE DOMAIN amount AS numeric;
CREATE TABLE orders (
    id integer PRIMARY KEY,
    total amount,
    email text
);

-- ## rows
INSERT INTO orders VALUES (1, 5, 'a@x'), (2, 6, NULL);

-- ## after
CREATE DOMAIN amount AS numeric DEFAULT 0 NOT NULL CONSTRAINT amount_positive CHECK (VALUE >= 0);
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE TABLE orders (
    id integer PRIMARY KEY,
    total amount,
    email email
);

-- ## up
-- changes domain public.amount
ALTER DOMAIN public.amount SET DEFAULT 0;

-- refuses NULL in public.amount · SHARE on public.orders
-- notice set-not-null public.amount: no row has NULL in total
ALTER DOMAIN public.amount SET NOT NULL;

-- changes domain public.amount; checks the rows for domain public.amount · SHARE on public.orders
-- notice add-check public.amount: every row passes the check
ALTER DOMAIN public.amount ADD CONSTRAINT amount_positive CHECK ((VALUE >= (0)::numeric));

-- makes domain public.email
CREATE DOMAIN public.email AS text
    CONSTRAINT email_check CHECK ((VALUE ~~ '%@%'::text));

-- changes public.orders.email from text to public.email · ACCESS EXCLUSIVE on public.orders · writes public.orders anew
-- notice narrow-type public.orders.email: every row passes the check
-- notice rewrite-table public.orders: 2 rows, 16.0 kB
ALTER TABLE public.orders ALTER COLUMN email TYPE public.email;

-- ## down
ALTER DOMAIN public.amount DROP DEFAULT;

ALTER DOMAIN public.amount DROP CONSTRAINT amount_positive;

ALTER DOMAIN public.amount DROP NOT NULL;

ALTER TABLE public.orders ALTER COLUMN email TYPE text;

DROP DOMAIN public.email;

-- ## rows afterwards
-- public.orders: (1,5,a@x) (2,6,)
