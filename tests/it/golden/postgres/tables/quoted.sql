-- Names that must be quoted.

-- ## before
CREATE TABLE "Order" ("Id" integer PRIMARY KEY, "select" text);

-- ## rows
INSERT INTO "Order" VALUES (1, 'x');

-- ## after
CREATE TABLE "Order" ("Id" integer PRIMARY KEY, "select" text DEFAULT 'it''s', "a""b" integer);
CREATE INDEX "Index on it" ON "Order" ("a""b");

-- ## up
-- adds column public.Order.a"b; changes default public.Order.select · ACCESS EXCLUSIVE on public.Order
ALTER TABLE public."Order"
    ADD COLUMN "a""b" integer,
    ALTER COLUMN "select" SET DEFAULT 'it''s'::text;

-- makes index public.Order.Index on it · SHARE on public.Order
-- notice index-not-concurrent public.Order.Index on it: 1 row, 16.0 kB
CREATE INDEX "Index on it" ON public."Order" USING btree ("a""b");

-- ## down
ALTER TABLE public."Order"
    ALTER COLUMN "select" DROP DEFAULT,
    DROP COLUMN "a""b";

-- ## rows afterwards
-- public.Order: (1,x,)
