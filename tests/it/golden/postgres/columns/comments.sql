-- Comments come, change and go.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text,
    total numeric
);
COMMENT ON TABLE orders IS 'what was ordered';
COMMENT ON COLUMN orders.note IS 'a note';

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text,
    total numeric
);
COMMENT ON TABLE orders IS 'what somebody''s ordered';
COMMENT ON COLUMN orders.total IS E'with taxes\nand shipping';

-- ## up
-- comments on table public.orders · SHARE UPDATE EXCLUSIVE on public.orders
COMMENT ON TABLE public.orders IS 'what somebody''s ordered';

-- comments on column public.orders.note · SHARE UPDATE EXCLUSIVE on public.orders
COMMENT ON COLUMN public.orders.note IS NULL;

-- comments on column public.orders.total · SHARE UPDATE EXCLUSIVE on public.orders
COMMENT ON COLUMN public.orders.total IS 'with taxes
and shipping';

-- ## down
COMMENT ON TABLE public.orders IS 'what was ordered';

COMMENT ON COLUMN public.orders.note IS 'a note';

COMMENT ON COLUMN public.orders.total IS NULL;
