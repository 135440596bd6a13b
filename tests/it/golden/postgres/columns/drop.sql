-- Columns go, with what is only about them: an index, a check, a comment.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text,
    total numeric(10,2) CHECK (total >= 0),
    status text NOT NULL DEFAULT 'open'
);
CREATE INDEX orders_note ON orders (note);
COMMENT ON COLUMN orders.note IS 'what the customer wrote';

-- ## rows
INSERT INTO orders VALUES (1, 'first', 1.5), (2, NULL, 2), (3, 'third', NULL);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    status text NOT NULL DEFAULT 'open'
);

-- ## up
-- drops column public.orders.note; drops column public.orders.total · ACCESS EXCLUSIVE on public.orders
-- danger drop-column public.orders.note: 2 values of note lost
-- danger drop-column public.orders.total: 2 values of total lost
ALTER TABLE public.orders
    DROP COLUMN note,
    DROP COLUMN total;

-- ## down
ALTER TABLE public.orders
    ADD COLUMN note text,
    ADD COLUMN total numeric(10,2),
    ADD CONSTRAINT orders_total_check CHECK ((total >= (0)::numeric));

COMMENT ON COLUMN public.orders.note IS 'what the customer wrote';

CREATE INDEX orders_note ON public.orders USING btree (note);

-- ## rows afterwards
-- public.orders: (1,open) (2,open) (3,open)
