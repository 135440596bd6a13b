-- The server cuts the names it gives to what partitions have of an index at 63 bytes, and numbers
-- them: those of the first index come first, though they are not the first by name.

-- ## before
CREATE TABLE m (at date, a_name_of_exactly_sixty_three_bytes_as_long_as_the_server_allow integer)
    PARTITION BY RANGE (at);
CREATE TABLE m_2025 PARTITION OF m FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');

-- ## rows
INSERT INTO m VALUES ('2025-03-01', 1), ('2025-04-01', 2);

-- ## after
CREATE TABLE m (at date, a_name_of_exactly_sixty_three_bytes_as_long_as_the_server_allow integer)
    PARTITION BY RANGE (at);
CREATE TABLE m_2025 PARTITION OF m FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE INDEX blocks ON m USING brin (a_name_of_exactly_sixty_three_bytes_as_long_as_the_server_allow);
CREATE INDEX "all" ON m (a_name_of_exactly_sixty_three_bytes_as_long_as_the_server_allow);

-- ## up
-- makes index public.m.blocks · SHARE on public.m · SHARE on public.m_2025
-- notice index-not-concurrent public.m.blocks: 2 rows, 8.0 kB
CREATE INDEX blocks ON public.m USING brin (a_name_of_exactly_sixty_three_bytes_as_long_as_the_server_allow);

-- makes index public.m.all · SHARE on public.m · SHARE on public.m_2025
-- notice index-not-concurrent public.m.all: 2 rows, 8.0 kB
CREATE INDEX "all" ON public.m USING btree (a_name_of_exactly_sixty_three_bytes_as_long_as_the_server_allow);

-- ## down
DROP INDEX public.blocks;

DROP INDEX public."all";

-- ## rows afterwards
-- public.m_2025: (2025-03-01,1) (2025-04-01,2)
