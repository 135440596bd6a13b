-- What looks like a rename is none: the column is dropped and made.

-- ## with
-- no-renames

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
    remark text
);

-- ## up
-- drops column public.orders.note · ACCESS EXCLUSIVE on public.orders
-- danger drop-column public.orders.note: 2 values of note lost
ALTER TABLE public.orders DROP COLUMN note;

-- adds column public.orders.remark · ACCESS EXCLUSIVE on public.orders
ALTER TABLE public.orders ADD COLUMN remark text;

-- ## down
ALTER TABLE public.orders DROP COLUMN remark;

ALTER TABLE public.orders ADD COLUMN note text;

-- ## rows afterwards
-- public.orders: (1,) (2,) (3,)
