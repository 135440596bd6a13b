-- A generated column gets another expression, another becomes an ordinary one.

-- ## before
CREATE TABLE lines (
    id integer PRIMARY KEY,
    price numeric NOT NULL,
    quantity integer NOT NULL,
    total numeric GENERATED ALWAYS AS (price * quantity) STORED,
    double numeric GENERATED ALWAYS AS (price * 2) STORED
);

-- ## rows
INSERT INTO lines (id, price, quantity) VALUES (1, 2.5, 2), (2, 10, 1);

-- ## after
CREATE TABLE lines (
    id integer PRIMARY KEY,
    price numeric NOT NULL,
    quantity integer NOT NULL,
    total numeric GENERATED ALWAYS AS (price * quantity * 1.2) STORED,
    double numeric
);

-- ## up
-- drops column public.lines.total for a while · ACCESS EXCLUSIVE on public.lines
-- notice remade-object public.lines.total
ALTER TABLE public.lines DROP COLUMN total;

-- makes column public.lines.total again; changes column public.lines.double · ACCESS EXCLUSIVE on public.lines · writes public.lines anew
-- notice rewrite-table public.lines: 2 rows, 16.0 kB
ALTER TABLE public.lines
    ADD COLUMN total numeric GENERATED ALWAYS AS ((price * (quantity)::numeric) * 1.2) STORED,
    ALTER COLUMN double DROP EXPRESSION;

-- ## down
ALTER TABLE public.lines
    DROP COLUMN total,
    DROP COLUMN double;

ALTER TABLE public.lines
    ADD COLUMN total numeric GENERATED ALWAYS AS (price * (quantity)::numeric) STORED,
    ADD COLUMN double numeric GENERATED ALWAYS AS (price * (2)::numeric) STORED;

-- ## rows afterwards
-- public.lines: (1,2.5,2,5.0,6.00) (2,10,1,20,12.0)
