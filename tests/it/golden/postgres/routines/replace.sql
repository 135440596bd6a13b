-- A function gets another text.

-- ## before
CREATE FUNCTION total(price numeric) RETURNS numeric LANGUAGE sql AS 'SELECT price * 1.1';

-- ## after
CREATE FUNCTION total(price numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT price * 1.2';

-- ## up
-- changes routine public.total(numeric)
-- notice replace-routine public.total(numeric)
CREATE OR REPLACE FUNCTION public.total(price numeric)
 RETURNS numeric
 LANGUAGE sql
 IMMUTABLE
AS $function$SELECT price * 1.2$function$;

-- ## down
CREATE OR REPLACE FUNCTION public.total(price numeric)
 RETURNS numeric
 LANGUAGE sql
AS $function$SELECT price * 1.1$function$;
