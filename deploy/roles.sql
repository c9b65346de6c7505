-- The roles and the database, made by a superuser; psql 15 or later. It may be run again: it makes what is missing and
-- sets the passwords to what the environment says now. A second role for the application is made by running it with
-- another DATABASE_USER.

\set ON_ERROR_STOP on
-- No statement of this is to be found in a log.
SET log_statement = 'none';

\getenv name DATABASE_NAME
\getenv owner DATABASE_OWNER
\getenv owner_password DATABASE_OWNER_PASSWORD
\getenv user DATABASE_USER
\getenv user_password DATABASE_PASSWORD

SELECT format('CREATE ROLE %I LOGIN', wanted)
FROM unnest(ARRAY[:'owner', :'user']) AS wanted
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) \gexec
-- What the application may do is given to this one, of which its roles are members.
SELECT 'CREATE ROLE upright_app NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'upright_app') \gexec

ALTER ROLE :"owner" PASSWORD :'owner_password';
ALTER ROLE :"user" PASSWORD :'user_password';
GRANT upright_app TO :"user";
-- A statement that hangs gives its web process back before gunicorn takes it away.
ALTER ROLE :"user" SET statement_timeout = '30s';
ALTER ROLE :"user" SET lock_timeout = '10s';
-- Others wait for who writes into the audit.
ALTER ROLE :"user" SET idle_in_transaction_session_timeout = '10s';

SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'owner')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"name" TO upright_app;

\connect :"name"
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO upright_app;
-- What it may do with the tables is granted at each release: deploy/release.sh.
