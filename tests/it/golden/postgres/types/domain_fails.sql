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
