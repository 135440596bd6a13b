-- An argument gets another name, which PostgreSQL does not replace.

-- ## before
CREATE FUNCTION total(price numeric) RETURNS numeric LANGUAGE sql AS 'SELECT price';

-- ## after
CREATE FUNCTION total(amount numeric) RETURNS numeric LANGUAGE sql AS 'SELECT amount';

-- ## up
-- drops routine public.total(numeric) for a while
-- notice remade-object public.total(numeric)
DROP FUNCTION public.total(numeric);

-- makes routine public.total(numeric) again
CREATE FUNCTION public.total(amount numeric)
 RETURNS numeric
 LANGUAGE sql
AS $function$SELECT amount$function$;

-- ## down
DROP FUNCTION public.total(numeric);

CREATE FUNCTION public.total(price numeric)
 RETURNS numeric
 LANGUAGE sql
AS $function$SELECT price$function$;
