#!/bin/sh
# A login for each role, and the books' database for their owner. The image runs it once, on an empty data folder; what each
# role may do is granted by `udi init` (sinks/postgres/roles.py). Passwords are read by psql itself and stand in no argument.
set -eu
psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\set owner `cat /run/secrets/database_password_owner`
\set worker `cat /run/secrets/database_password_worker`
\set relay `cat /run/secrets/database_password_relay`
\set scheduler `cat /run/secrets/database_password_scheduler`
\set gateway `cat /run/secrets/database_password_gateway`
\set operator `cat /run/secrets/database_password_operator`
\set reader `cat /run/secrets/database_password_reader`
CREATE ROLE udi_owner LOGIN PASSWORD :'owner';
CREATE ROLE udi_worker LOGIN PASSWORD :'worker';
CREATE ROLE udi_relay LOGIN PASSWORD :'relay';
CREATE ROLE udi_scheduler LOGIN PASSWORD :'scheduler';
CREATE ROLE udi_gateway LOGIN PASSWORD :'gateway';
CREATE ROLE udi_operator LOGIN PASSWORD :'operator';
CREATE ROLE udi_reader LOGIN PASSWORD :'reader';
CREATE DATABASE udi OWNER udi_owner;
REVOKE ALL ON DATABASE udi FROM PUBLIC;
GRANT CONNECT ON DATABASE udi TO udi_worker, udi_relay, udi_scheduler, udi_gateway, udi_operator, udi_reader;
SQL
