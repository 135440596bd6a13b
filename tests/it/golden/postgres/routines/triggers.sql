-- A trigger comes, one is switched off, one gets another condition, one goes.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    changed timestamptz
);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.changed := NULL; RETURN NEW; END';

CREATE TRIGGER a BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER b BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER c BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION touch();

-- ## rows
INSERT INTO orders VALUES (1);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    changed timestamptz
);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.changed := NULL; RETURN NEW; END';

CREATE TRIGGER a BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE orders DISABLE TRIGGER a;
CREATE TRIGGER b BEFORE UPDATE OF id ON orders FOR EACH ROW WHEN (NEW.id > 0) EXECUTE FUNCTION touch();
CREATE CONSTRAINT TRIGGER d AFTER DELETE ON orders DEFERRABLE FOR EACH ROW EXECUTE FUNCTION touch();

-- ## up
-- drops trigger public.orders.b for a while · ACCESS EXCLUSIVE on public.orders
-- notice remade-object public.orders.b
DROP TRIGGER b ON public.orders;

-- drops trigger public.orders.c · ACCESS EXCLUSIVE on public.orders
-- warning drop-trigger public.orders.c
DROP TRIGGER c ON public.orders;

-- changes trigger public.orders.a · SHARE ROW EXCLUSIVE on public.orders
-- warning disable-trigger public.orders.a
ALTER TABLE public.orders DISABLE TRIGGER a;

-- makes trigger public.orders.b again · SHARE ROW EXCLUSIVE on public.orders
CREATE TRIGGER b BEFORE UPDATE OF id ON public.orders FOR EACH ROW WHEN ((new.id > 0)) EXECUTE FUNCTION public.touch();

-- makes trigger public.orders.d · SHARE ROW EXCLUSIVE on public.orders
-- notice add-trigger public.orders.d
CREATE CONSTRAINT TRIGGER d AFTER DELETE ON public.orders DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.touch();

-- ## down
DROP TRIGGER b ON public.orders;

DROP TRIGGER d ON public.orders;

ALTER TABLE public.orders ENABLE TRIGGER a;

CREATE TRIGGER b BEFORE UPDATE ON public.orders FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE TRIGGER c BEFORE INSERT ON public.orders FOR EACH ROW EXECUTE FUNCTION public.touch();

-- ## rows afterwards
-- public.orders: (1,)
