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
    placed date NOT NULL DEFAULT '2026-01-01',
    total numeric(10,2) NOT NULL DEFAULT 0,
    tags text[],
    note_length integer GENERATED ALWAYS AS (length(note)) STORED
);
COMMENT ON COLUMN orders.total IS 'with taxes';

-- ## up
-- adds column public.orders.placed; adds column public.orders.total; adds column public.orders.tags; and one thing more · ACCESS EXCLUSIVE on public.orders · writes public.orders anew
-- notice rewrite-table public.orders: 3 rows, 16.0 kB
ALTER TABLE public.orders
    ADD COLUMN placed date DEFAULT '2026-01-01'::date NOT NULL,
    ADD COLUMN total numeric(10,2) DEFAULT 0 NOT NULL,
    ADD COLUMN tags text[],
    ADD COLUMN note_length integer GENERATED ALWAYS AS (length(note)) STORED;

-- comments on column public.orders.total · SHARE UPDATE EXCLUSIVE on public.orders
COMMENT ON COLUMN public.orders.total IS 'with taxes';

-- ## down
ALTER TABLE public.orders
    DROP COLUMN placed,
    DROP COLUMN total,
    DROP COLUMN tags,
    DROP COLUMN note_length;

-- ## rows afterwards
-- public.orders: (1,first,2026-01-01,0.00,,5) (2,,2026-01-01,0.00,,) (3,third,2026-01-01,0.00,,5)
