-- Columns of several kinds are added at the end.

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
    placed timestamptz NOT NULL DEFAULT now(),
    total numeric(10,2) NOT NULL DEFAULT 0,
    tags text[],
    note_length integer GENERATED ALWAYS AS (length(note)) STORED
);
COMMENT ON COLUMN orders.total IS 'with taxes';

-- ## up
-- adds column public.orders.note_length; adds column public.orders.placed; adds column public.orders.tags; and one thing more · ACCESS EXCLUSIVE on public.orders · writes public.orders anew
-- notice rewrite-table public.orders: 3 rows, 16.0 kB: roughly less than 1 ms
ALTER TABLE public.orders
    ADD COLUMN note_length integer GENERATED ALWAYS AS (length(note)) STORED,
    ADD COLUMN placed timestamp with time zone DEFAULT now() NOT NULL,
    ADD COLUMN tags text[],
    ADD COLUMN total numeric(10,2) DEFAULT 0 NOT NULL;

-- changes column public.orders.total · SHARE UPDATE EXCLUSIVE on public.orders
COMMENT ON COLUMN public.orders.total IS 'with taxes';

-- ## down
ALTER TABLE public.orders
    DROP COLUMN note_length,
    DROP COLUMN placed,
    DROP COLUMN tags,
    DROP COLUMN total;

-- ## rows afterwards
-- public.orders: (1,first,5,"2026-11-25 11:07:45.810141+00",,0.00) (2,,,"2026-11-25 11:07:45.810141+00",,0.00) (3,third,5,"2026-11-25 11:07:45.810141+00",,0.00)
