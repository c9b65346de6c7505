#!/bin/sh
# Does as the official image does: makes the server when its folder is empty, runs what is in /docker-entrypoint-initdb.d
# before anybody can connect, and then serves as the user postgres.
set -eu
if [ "$(id -u)" = 0 ]; then
    mkdir -p /run/postgresql /var/lib/postgresql/data
    chown postgres /run/postgresql /var/lib/postgresql/data
    exec setpriv --reuid postgres --regid postgres --init-groups sh "$0" "$@"
fi
export PGDATA=/var/lib/postgresql/data
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    echo "$POSTGRES_PASSWORD" > /tmp/password
    # The variable holds several arguments.
    # shellcheck disable=SC2086
    initdb --username=postgres --pwfile=/tmp/password --auth-host=scram-sha-256 --auth-local=trust $POSTGRES_INITDB_ARGS
    rm /tmp/password
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    pg_ctl start --wait --options="-c listen_addresses=''"
    for file in /docker-entrypoint-initdb.d/*.sql; do
        psql --username=postgres --no-psqlrc --set=ON_ERROR_STOP=1 --file="$file"
    done
    pg_ctl stop --wait --mode=fast
fi
exec "$@" -c listen_addresses='*'
