-- What the role of `orders serve` may in PostgreSQL, and no more. As the owner of the tables:
--
--   psql "$URI" -v ON_ERROR_STOP=1 -v role=clerk -f postgres.sql
--
-- The role is there already: CREATE ROLE clerk LOGIN PASSWORD '…'.

-- GET /count and POST /add/.
GRANT USAGE ON SCHEMA public TO :"role";
GRANT SELECT, INSERT ON orders TO :"role";
GRANT SELECT ON customers TO :"role";
GRANT USAGE ON SEQUENCE orders_orderid_seq TO :"role";

-- Two small tables of larder's own are made there when the service starts: without them, what Valkey
-- could not be told is forgotten when a process ends.
CREATE SCHEMA IF NOT EXISTS larder;
GRANT USAGE, CREATE ON SCHEMA larder TO :"role";

-- Besides, for CACHE_FOLLOW=auto or on: ALTER ROLE clerk REPLICATION (of a managed server, what it has
-- instead: GRANT rds_replication TO clerk). The tables' owner calls `orders follow setup` once.
