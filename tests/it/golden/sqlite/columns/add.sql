-- Columns are added at the end; one is computed.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text
);

-- ## rows
INSERT INTO orders VALUES (1, 'first'), (2, NULL), (3, 'third');

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text,
    total numeric NOT NULL DEFAULT 0,
    status text DEFAULT 'open' CHECK (status IN ('open', 'paid')),
    note_length integer GENERATED ALWAYS AS (length(note)) VIRTUAL
);

-- ## up
-- adds column main.orders.total
ALTER TABLE "orders" ADD COLUMN total numeric NOT NULL DEFAULT 0;

-- adds column main.orders.status
ALTER TABLE "orders" ADD COLUMN status text DEFAULT 'open' CHECK (status IN ('open', 'paid'));

-- adds column main.orders.note_length
ALTER TABLE "orders" ADD COLUMN note_length integer GENERATED ALWAYS AS (length(note)) VIRTUAL;

-- ## down
ALTER TABLE "orders" DROP COLUMN "total";

ALTER TABLE "orders" DROP COLUMN "note_length";

ALTER TABLE "orders" DROP COLUMN "status";

-- ## rows afterwards
-- orders: (1, 'first', 0, 'open', 5) (2, NULL, 0, 'open', NULL) (3, 'third', 0, 'open', 5)
