-- A view gets options, and one of its columns a default.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    total integer,
    note text
);
CREATE VIEW large AS SELECT id, total FROM orders;

-- ## rows
INSERT INTO orders VALUES (1, 10, 'a'), (2, 20, NULL);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    total integer,
    note text
);

CREATE VIEW large WITH (security_invoker = true) AS SELECT id, total FROM orders WITH LOCAL CHECK OPTION;
ALTER VIEW large ALTER COLUMN total SET DEFAULT 100;

-- ## up
-- changes view public.large
ALTER VIEW public.large SET (security_invoker=true, check_option=local);

-- changes view public.large
ALTER VIEW public.large ALTER COLUMN total SET DEFAULT 100;

-- ## down
ALTER VIEW public.large RESET (security_invoker, check_option);

ALTER VIEW public.large ALTER COLUMN total DROP DEFAULT;

-- ## rows afterwards
-- public.orders: (1,10,a) (2,20,)
