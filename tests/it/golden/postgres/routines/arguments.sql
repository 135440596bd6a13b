-- A function gets another argument: the old one goes.

-- ## before
CREATE FUNCTION total(price numeric) RETURNS numeric LANGUAGE sql AS 'SELECT price';

-- ## after
CREATE FUNCTION total(price numeric, quantity integer DEFAULT 1) RETURNS numeric LANGUAGE sql AS 'SELECT price * quantity';

-- ## up
-- drops routine public.total(numeric)
-- warning drop-routine public.total(numeric)
DROP FUNCTION public.total(numeric);

-- makes routine public.total(numeric, integer)
CREATE FUNCTION public.total(price numeric, quantity integer DEFAULT 1)
 RETURNS numeric
 LANGUAGE sql
AS $function$SELECT price * quantity$function$;

-- ## down
DROP FUNCTION public.total(numeric, integer);

CREATE FUNCTION public.total(price numeric)
 RETURNS numeric
 LANGUAGE sql
AS $function$SELECT price$function$;
