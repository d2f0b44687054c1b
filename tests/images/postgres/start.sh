#!/bin/sh
# PostgreSQL as a throw-away source: made at start in /data, as whichever user the pod runs as.
set -eu

data=/data/pgdata
password=${READER_PASSWORD:?READER_PASSWORD is not set}

if [ ! -s "$data/PG_VERSION" ]; then
    # Nothing here outlives the pod, so nothing needs to reach a disk.
    initdb --pgdata="$data" --username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
        --no-sync --no-instructions >/dev/null 2>&1
    # The superuser has no password: it gets in from inside the pod only.
    printf 'local all all trust\nhost all all all scram-sha-256\n' >"$data/pg_hba.conf"
    # A single-user server takes SQL before anything listens: whoever finds the port open finds the shop.
    # With -j a statement ends at a semicolon and an empty line; dollar quotes take any password.
    {
        printf 'CREATE DATABASE shop;\n\n'
        printf 'CREATE ROLE om_reader LOGIN PASSWORD $reader$%s$reader$;\n\n' "$password"
    } | postgres --single -j -D "$data" -c fsync=off postgres >/dev/null
    postgres --single -j -D "$data" -c fsync=off shop </postgres/shop.sql >/dev/null
fi

exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/data -c fsync=off \
    -c shared_buffers=32MB -c max_connections=30 -c jit=off
