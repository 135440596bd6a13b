-- Two columns swap their names, by a third.

-- ## before
CREATE TABLE points (
    x integer,
    y integer
);

-- ## rows
INSERT INTO points VALUES (1, 2);

-- ## after
CREATE TABLE points (
    y integer,
    x integer
);

-- ## rows afterwards
-- public.points: (1,2)
