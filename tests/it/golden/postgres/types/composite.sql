-- A composite type that a column has gets an attribute, loses one, and one changes its type.

-- ## with
-- other-values people.home

-- ## before
CREATE TYPE address AS (street text, number integer, city text);
CREATE TABLE people (
    id integer PRIMARY KEY,
    home address
);

-- ## rows
INSERT INTO people VALUES (1, ROW('Main', 7, 'Bern'));

-- ## after
CREATE TYPE address AS (street text, city text, country text);
CREATE TABLE people (
    id integer PRIMARY KEY,
    home address
);
