-- A domain gets a check that values do not pass.

-- ## with
-- fails

-- ## before
CREATE DOMAIN amount AS numeric;
CREATE TABLE orders (
    id integer PRIMARY KEY,
    total amount
);

-- ## rows
INSERT INTO orders VALUES (1, 5), (2, -6), (3, -7);

-- ## after
CREATE DOMAIN amount AS numeric CONSTRAINT amount_positive CHECK (VALUE >= 0);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    total amount
);

-- ## up
-- changes domain public.amount; checks the rows for domain public.amount
-- danger add-check public.amount: 2 rows that the check refuses: id = 2, id = 3
ALTER DOMAIN public.amount ADD CONSTRAINT amount_positive CHECK ((VALUE >= (0)::numeric));

-- ## failure
-- column "total" of table "orders" contains values that violate the new constraint
-- ALTER DOMAIN public.amount ADD CONSTRAINT amount_positive CHECK ((VALUE >= (0)::numeric))
-- Everything was rolled back: the database is as it was

-- ## down
ALTER DOMAIN public.amount DROP CONSTRAINT amount_positive;
