#!/usr/bin/env bash
# Start / stop a PgBouncer (Debian package) in transaction mode, before a PostgreSQL of its own that postgres.sh starts.
#   pgbouncer.sh start DIR   -> prints and writes DIR/env: DATABASE_URL leads to the server, POOLER_URL through PgBouncer
#   pgbouncer.sh stop  DIR
# Installs by name: pgbouncer, and what postgres.sh needs (as root; without, it says the command).
set -euo pipefail
cmd=${1:?start|stop}; dir=$(realpath -m "${2:?DIR}")
here=$(dirname "$0")
. "$here/postgres.lib.sh"
stop() {
  if [ -s "$dir/pgbouncer.pid" ]; then kill "$(cat "$dir/pgbouncer.pid")" || true; fi
  "$here/postgres.sh" stop "$dir/server"
}
if [ "$cmd" = stop ]; then stop; exit 0; fi
trap 'echo "pgbouncer.sh: failed, see $dir/*.log" >&2; stop' ERR
mkdir -p "$dir"; chmod 755 "$dir"
if ! command -v pgbouncer >/dev/null; then
  if [ "$(id -u)" != 0 ]; then echo "PgBouncer is missing; run: sudo apt-get install -y pgbouncer" >&2; exit 1; fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends pgbouncer >"$dir/apt.log" 2>&1
fi
"$here/postgres.sh" start "$dir/server" >"$dir/server.log"
. "$dir/server/env"
address=${DATABASE_URL##*@}; address=${address%%/*}
port=$(free_ports 1)
# As few sessions as possible for as many clients as there are, so that they are really lent from one to the other.
cat >"$dir/pgbouncer.ini" <<INI
[databases]
saga = host=${address%%:*} port=${address##*:} dbname=saga
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
pool_mode = transaction
default_pool_size = 3
max_client_conn = 500
auth_type = scram-sha-256
auth_file = $dir/users.txt
logfile = $dir/pgbouncer.log
pidfile = $dir/pgbouncer.pid
INI
echo '"postgres" "pgpass"' >"$dir/users.txt"
[ "$(id -u)" != 0 ] || chown postgres "$dir" "$dir/users.txt" "$dir/pgbouncer.ini"
pg_as "$(command -v pgbouncer)" -q -d "$dir/pgbouncer.ini"
cat "$dir/server/env" >"$dir/env"
echo "POOLER_URL=postgres://postgres:pgpass@127.0.0.1:$port/saga" >>"$dir/env"
for _ in $(seq 100); do
  if PGPASSWORD=pgpass PGSSLMODE=disable "$(pg_psql)" -qAtX "postgres://postgres@127.0.0.1:$port/saga" -c 'SELECT 1' >"$dir/psql.log" 2>&1; then
    cat "$dir/env"
    exit 0
  fi
  sleep 0.1
done
false
