-- Tables come and go, with references between them and an old one.

-- ## before
CREATE TABLE customers (id integer PRIMARY KEY);
CREATE TABLE notes (
    id integer PRIMARY KEY,
    customer integer REFERENCES customers
);

-- ## rows
INSERT INTO customers VALUES (1);
INSERT INTO notes VALUES (1, 1), (2, 1);

-- ## after
CREATE TABLE customers (id integer PRIMARY KEY);
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer integer NOT NULL REFERENCES customers ON DELETE CASCADE,
    status text DEFAULT 'open' NOT NULL CHECK (status IN ('open', 'paid')),
    UNIQUE (customer, status)
);
CREATE INDEX orders_customer ON orders (customer);
COMMENT ON TABLE orders IS 'orders';
