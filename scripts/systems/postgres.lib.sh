# A PostgreSQL of one's own, for the scripts beside this one: in a folder, on a free port of this machine, never as root.
pgbin=${PGBIN:-/usr/lib/postgresql/15/bin}

pg_install() { # pg_install LOG: Debian's postgresql-15, without a cluster that it would start by itself, and openssl
  [ -x "$pgbin/initdb" ] && command -v openssl >/dev/null && return
  if [ "$(id -u)" != 0 ]; then
    echo "PostgreSQL 15 or openssl is missing; run: sudo apt-get install -y postgresql-15 openssl" >&2
    return 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql-15 openssl >>"$1" 2>&1
}

pg_psql() { # of the server's version or of another one
  if [ -x "$pgbin/psql" ]; then echo "$pgbin/psql"; else command -v psql; fi
}

pg_as() { # pg_as COMMAND...: PostgreSQL refuses to run as root
  if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

pg_start() { # pg_start FOLDER PORT SETTINGS: its password is pgpass, its superuser postgres
  local owner=()
  [ "$(id -u)" != 0 ] || owner=(-o postgres)
  install -d "${owner[@]}" "$1/pg" "$1/pgsock"
  install -m 600 "${owner[@]}" /dev/null "$1/.pw"
  echo pgpass >"$1/.pw"
  pg_as "$pgbin/initdb" -D "$1/pg" -A scram-sha-256 --pwfile="$1/.pw" -U postgres -E UTF8 --locale=C.UTF-8 >"$1/pg.log" 2>&1
  rm -f "$1/.pw"
  pg_as "$pgbin/pg_ctl" -D "$1/pg" -w -l "$1/pg/server.log" \
    -o "-p $2 -c listen_addresses=127.0.0.1 -c unix_socket_directories=$1/pgsock $3" start >>"$1/pg.log" 2>&1
}

pg_certificates() { # pg_certificates FOLDER LOG: an authority, its certificate for 127.0.0.1, and one that signed nothing
  local each
  mkdir -p "$1"
  for each in ca other; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=$each" \
      -keyout "$1/$each.key" -out "$1/$each.crt" 2>>"$2"
  done
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=saga -keyout "$1/server.key" \
    -out "$1/server.csr" 2>>"$2"
  openssl x509 -req -in "$1/server.csr" -CA "$1/ca.crt" -CAkey "$1/ca.key" -CAcreateserial -days 30 \
    -extfile <(echo subjectAltName=IP:127.0.0.1) -out "$1/server.crt" 2>>"$2"
  chmod 600 "$1"/*.key
  if [ "$(id -u)" = 0 ]; then chown postgres "$1/server.key" "$1/server.crt"; fi
}

pg_stop() { # pg_stop FOLDER
  [ ! -s "$1/pg/postmaster.pid" ] || pg_as "$pgbin/pg_ctl" -D "$1/pg" -m fast -w stop >/dev/null || true
}

free_ports() { # free_ports N: ports of this machine that nobody has, for TCP and UDP
  python3 - "$1" <<'PY'
import socket, sys
found = []
while len(found) < int(sys.argv[1]):
    tcp = socket.socket(); tcp.bind(('127.0.0.1', 0)); port = tcp.getsockname()[1]; tcp.close()
    try:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind(('127.0.0.1', port)); udp.close()
    except OSError: continue
    if port not in found: found.append(port)
print(*found)
PY
}
