-- Storage, compression and statistics of columns.

-- ## before
CREATE TABLE files (
    id integer PRIMARY KEY,
    body text,
    head text
);

-- ## after
CREATE TABLE files (
    id integer PRIMARY KEY,
    body text,
    head text
);
ALTER TABLE files ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE files ALTER COLUMN head SET COMPRESSION pglz;
ALTER TABLE files ALTER COLUMN head SET STATISTICS 500;
ALTER TABLE files ALTER COLUMN id SET (n_distinct = -1);

-- ## up
-- changes column public.files.id; changes column public.files.body; changes column public.files.head · ACCESS EXCLUSIVE on public.files
ALTER TABLE public.files
    ALTER COLUMN id SET (n_distinct=-1),
    ALTER COLUMN body SET STORAGE EXTERNAL,
    ALTER COLUMN head SET COMPRESSION pglz,
    ALTER COLUMN head SET STATISTICS 500;

-- ## down
ALTER TABLE public.files
    ALTER COLUMN id RESET (n_distinct),
    ALTER COLUMN body SET STORAGE EXTENDED,
    ALTER COLUMN head SET COMPRESSION default,
    ALTER COLUMN head SET STATISTICS -1;
