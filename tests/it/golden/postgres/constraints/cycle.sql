-- Two new tables refer to each other.

-- ## after
CREATE TABLE teams (
    id integer PRIMARY KEY,
    captain integer
);
CREATE TABLE people (
    id integer PRIMARY KEY,
    team integer REFERENCES teams
);
ALTER TABLE teams ADD FOREIGN KEY (captain) REFERENCES people;

-- ## up
-- makes table public.teams
CREATE TABLE public.teams (
    id integer NOT NULL,
    captain integer,
    CONSTRAINT teams_pkey PRIMARY KEY (id)
);

-- makes table public.people
CREATE TABLE public.people (
    id integer NOT NULL,
    team integer,
    CONSTRAINT people_pkey PRIMARY KEY (id),
    CONSTRAINT people_team_fkey FOREIGN KEY (team) REFERENCES public.teams(id)
);

-- makes constraint public.teams.teams_captain_fkey
ALTER TABLE public.teams ADD CONSTRAINT teams_captain_fkey FOREIGN KEY (captain) REFERENCES public.people(id);

-- ## down
ALTER TABLE public.teams DROP CONSTRAINT teams_captain_fkey;

DROP TABLE public.people;

DROP TABLE public.teams;
