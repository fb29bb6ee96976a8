#!/usr/bin/env bash
# Start / stop a PostgreSQL 15 (Debian package) of one's own, loopback only, that syncs to disk as a real one does, and
# speaks TLS. Another version: the folder of its programs in PGBIN.
#   postgres.sh start DIR   -> prints and writes DIR/env
#   postgres.sh stop  DIR
# Installs by name: postgresql-15 and openssl (as root; without, it says the command). Runs as an unprivileged user.
set -euo pipefail
cmd=${1:?start|stop}; dir=$(realpath -m "${2:?DIR}")
. "$(dirname "$0")/postgres.lib.sh"
if [ "$cmd" = stop ]; then pg_stop "$dir"; exit 0; fi
trap 'echo "postgres.sh: failed, see $dir/*.log" >&2; pg_stop "$dir"' ERR
mkdir -p "$dir"; chmod 755 "$dir"
pg_install "$dir/apt.log"
if command -v python3 >/dev/null; then port=$(free_ports 1); else port=$((20000 + RANDOM % 10000)); fi
pg_certificates "$dir/tls" "$dir/tls.log"
tls="-c ssl=on -c ssl_cert_file=$dir/tls/server.crt -c ssl_key_file=$dir/tls/server.key"
pg_start "$dir" "$port" "-c max_connections=200 $tls"
PGPASSWORD=pgpass "$(pg_psql)" -qh 127.0.0.1 -p "$port" -U postgres -c 'CREATE DATABASE saga'
cat >"$dir/env" <<ENV
DATABASE_URL=postgres://postgres:pgpass@127.0.0.1:$port/saga
DATABASE_CA=$dir/tls/ca.crt
DATABASE_OTHER_CA=$dir/tls/other.crt
PGSSLMODE=disable
ENV
cat "$dir/env"
