-- A label of an enum gets another name, and one is added.

-- ## with
-- rename public.mood.sad=unhappy

-- ## before
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE people (
    id integer PRIMARY KEY,
    mood mood
);

-- ## rows
INSERT INTO people VALUES (1, 'sad'), (2, 'happy');

-- ## after
CREATE TYPE mood AS ENUM ('unhappy', 'ok', 'happy');
CREATE TABLE people (
    id integer PRIMARY KEY,
    mood mood
);

-- ## up
-- changes enum public.mood
ALTER TYPE public.mood RENAME VALUE 'sad' TO 'unhappy';

-- changes enum public.mood
ALTER TYPE public.mood ADD VALUE 'ok' AFTER 'unhappy';

-- ## down
ALTER TYPE public.mood RENAME VALUE 'unhappy' TO 'sad';

ALTER TYPE public.mood RENAME TO mood__dbs_old;

CREATE TYPE public.mood AS ENUM ('sad', 'happy');

ALTER TABLE public.people ALTER COLUMN mood TYPE public.mood USING mood::text::public.mood;

DROP TYPE public.mood__dbs_old;

-- ## rows afterwards
-- public.people: (1,unhappy) (2,happy)
