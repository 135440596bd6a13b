-- A procedure, an aggregate and a function that use one another.

-- ## after
CREATE TABLE log (message text);
CREATE PROCEDURE note(message text) LANGUAGE sql BEGIN ATOMIC INSERT INTO log VALUES (message); END;
CREATE FUNCTION larger(a numeric, b numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT greatest(a, b)';
CREATE AGGREGATE largest(numeric) (SFUNC = larger, STYPE = numeric, INITCOND = '0');
CREATE VIEW summary AS SELECT largest(length(message)) AS longest FROM log;

-- ## up
-- makes routine public.larger(numeric, numeric)
CREATE FUNCTION public.larger(a numeric, b numeric)
 RETURNS numeric
 LANGUAGE sql
 IMMUTABLE
AS $function$SELECT greatest(a, b)$function$;

-- makes routine public.largest(numeric)
CREATE AGGREGATE public.largest(numeric) (
    SFUNC = public.larger,
    STYPE = numeric,
    INITCOND = '0'
);

-- makes table public.log
CREATE TABLE public.log (
    message text
);

-- makes routine public.note(text)
CREATE PROCEDURE public.note(IN message text)
 LANGUAGE sql
BEGIN ATOMIC
 INSERT INTO public.log (message)
   VALUES (note.message);
END;

-- makes view public.summary
CREATE VIEW public.summary AS
SELECT public.largest((length(log.message))::numeric) AS longest
   FROM public.log;

-- ## down
DROP VIEW public.summary;

DROP AGGREGATE public.largest(numeric);

DROP FUNCTION public.larger(numeric, numeric);

DROP PROCEDURE public.note(text);

DROP TABLE public.log;
