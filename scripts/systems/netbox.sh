#!/usr/bin/env bash
# Start / stop a real NetBox (PyPI package `netbox`) with its own PostgreSQL and Redis, loopback only.
#   netbox.sh start DIR   -> prints and writes DIR/env (NETBOX_URL, NETBOX_TOKEN, ...)
#   netbox.sh stop  DIR
# The tests against it: set -a; . DIR/env; set +a; cargo test -p isp-provisioning --features real-systems --test real_netbox
# Needs: PostgreSQL 15 server binaries, root (postgres refuses to run as root: runs it as user postgres).
# Installs by name: redis-server (Debian), netbox==$NETBOX_VERSION (PyPI). Needs a Python >= 3.12.
# Cache (venv + migrated database dump): $SYSTEMS_CACHE, default ~/.cache/isp-start
set -euo pipefail
cmd=${1:?start|stop}; dir=$(realpath -m "${2:?DIR}")
NETBOX_VERSION=${NETBOX_VERSION:-4.7.3}
cache=${SYSTEMS_CACHE:-$HOME/.cache/isp-start}
pgbin=${PGBIN:-/usr/lib/postgresql/15/bin}

stop() {
  for n in gunicorn redis; do
    [ -s "$dir/$n.pid" ] && kill "$(cat "$dir/$n.pid")" 2>/dev/null || true
  done
  [ -s "$dir/pg/postmaster.pid" ] && runuser -u postgres -- "$pgbin/pg_ctl" -D "$dir/pg" -m fast -w stop >/dev/null || true
}
if [ "$cmd" = stop ]; then stop; exit 0; fi

t0=$SECONDS; say() { echo "[netbox +$((SECONDS-t0))s] $*" >&2; }
port() { python3 -c 'import socket;s=socket.socket();s.bind(("127.0.0.1",0));print(s.getsockname()[1])'; }
trap 'echo "netbox.sh: failed, see $dir/*.log" >&2; stop' ERR
mkdir -p "$dir" "$cache"; chmod 755 "$dir"

# 1. packages
command -v redis-server >/dev/null || { apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server >"$dir/apt.log" 2>&1; }
[ -x "$pgbin/initdb" ] || { apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql-15 >>"$dir/apt.log" 2>&1; }
py=
for c in python3.14 python3.13 python3.12 python3 "$HOME"/.pyenv/versions/3.1[2-9]*/bin/python; do
  if "$c" -c 'import sys; sys.exit(sys.version_info < (3,12))' 2>/dev/null; then py=$c; break; fi
done
[ -n "$py" ] || { echo "no Python >= 3.12 (NetBox 4.5+ needs it; Debian 12 ships 3.11)" >&2; exit 3; }
venv=$cache/netbox-$NETBOX_VERSION
if [ ! -x "$venv/bin/gunicorn" ]; then
  say "venv with $("$py" -V) ..."
  "$py" -m venv "$venv.tmp"
  "$venv.tmp/bin/pip" install -q --no-deps "netbox==$NETBOX_VERSION" >"$dir/pip.log" 2>&1
  # psycopg's binary wheel instead of [c] (no compiler, 90 s less); leave out what only builds the docs
  "$venv.tmp/bin/python" - "$NETBOX_VERSION" >"$dir/req.txt" <<'PY'
import re
from importlib.metadata import requires
for r in requires('netbox'):
    if ';' in r or re.match(r'(mkdocs|zensical|pymdown)', r): continue
    print(r.replace('psycopg[c,pool]', 'psycopg[binary,pool]'))
PY
  "$venv.tmp/bin/pip" install -q -r "$dir/req.txt" >>"$dir/pip.log" 2>&1
  rm -rf "$venv"; mv "$venv.tmp" "$venv"
fi
nbpy() { "$venv/bin/python" "$@"; }         # (scripts in a moved venv keep the old shebang: use python -m)

# 2. PostgreSQL and Redis on free loopback ports
pgport=$(port); rport=$(port); hport=$(port)
install -d -o postgres "$dir/pg" "$dir/pgsock"
runuser -u postgres -- "$pgbin/initdb" -D "$dir/pg" -A trust -U postgres -E UTF8 --locale=C.UTF-8 >"$dir/pg.log" 2>&1
runuser -u postgres -- "$pgbin/pg_ctl" -D "$dir/pg" -w -l "$dir/pg/server.log" \
  -o "-p $pgport -c listen_addresses=127.0.0.1 -c unix_socket_directories=$dir/pgsock -c fsync=off -c synchronous_commit=off -c full_page_writes=off" start >>"$dir/pg.log" 2>&1
redis-server --bind 127.0.0.1 --port "$rport" --save '' --appendonly no --daemonize yes \
  --dir "$dir" --pidfile "$dir/redis.pid" --logfile "$dir/redis.log" >/dev/null
psql -qh 127.0.0.1 -p "$pgport" -U postgres -c 'CREATE DATABASE netbox'
say "postgres :$pgport redis :$rport"

# 3. configuration
mkdir -p "$dir/root/conf"; : >"$dir/root/conf/__init__.py"
cat >"$dir/root/conf/configuration.py" <<PY
ALLOWED_HOSTS = ['127.0.0.1', 'localhost']
DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'netbox', 'USER': 'postgres', 'PASSWORD': '',
                         'HOST': '127.0.0.1', 'PORT': '$pgport', 'CONN_MAX_AGE': 300}}
_r = {'HOST': '127.0.0.1', 'PORT': $rport, 'USERNAME': '', 'PASSWORD': '', 'SSL': False}
REDIS = {'tasks': {**_r, 'DATABASE': 0}, 'caching': {**_r, 'DATABASE': 1}}
SECRET_KEY = 'test-only-secret-key-loopback-0123456789-0123456789-0123456789'       # >= 50 characters
API_TOKEN_PEPPERS = {1: 'test-only-pepper-loopback-0123456789-0123456789-0123456789'}   # >= 50; without one v2 tokens cannot be made
CENSUS_REPORTING_ENABLED = False
RELEASE_CHECK_URL = None
PY
export NETBOX_ROOT=$dir/root PYTHONUNBUFFERED=1
# The dump (1.2 MB, schema + superuser + tokens) and its .tokens file can be kept and handed to fresh machines: NETBOX_DUMP=path
dump=${NETBOX_DUMP:-$cache/netbox-$NETBOX_VERSION.dump}; tokens=${dump%.dump}.tokens
if [ -s "$dump" ]; then
  "$pgbin/pg_restore" -h 127.0.0.1 -p "$pgport" -U postgres -d netbox --no-owner "$dump" >>"$dir/pg.log" 2>&1
  say "database restored from $dump"
else
  say "migrating (several minutes of one core; once per machine) ..."
  nbpy -m netbox migrate --no-input >"$dir/migrate.log" 2>&1
  say "migrated"
fi

# 4. superuser and API tokens (v2 'Bearer nbt_<key>.<secret>' and legacy v1 'Token <40 chars>')
if [ ! -s "$tokens" ]; then
  nbpy -m netbox nbshell -c "
from users.models import User, Token
u = User.objects.create_superuser('admin', 'admin@example.com', 'admin-pass')
a = Token(user=u, version=2); a.full_clean(); a.save()
b = Token(user=u, version=1); b.full_clean(); b.save()
r = Token(user=u, version=2, write_enabled=False); r.full_clean(); r.save()
print('TOK2=nbt_%s.%s' % (a.key, a.token)); print('TOK1=' + b.token); print('TOKRO=nbt_%s.%s' % (r.key, r.token))
" >"$dir/tokens.txt" 2>"$dir/tokens.log"
  grep -qE '^TOKRO=' "$dir/tokens.txt"
  "$pgbin/pg_dump" -h 127.0.0.1 -p "$pgport" -U postgres -Fc -f "$dump.tmp" netbox && mv "$dump.tmp" "$dump"
  grep -E '^TOK(1|2|RO)=' "$dir/tokens.txt" >"$tokens"
fi
. "$tokens"

# 5. web server
(cd "$dir/root"; exec "$venv/bin/python" -m gunicorn --bind "127.0.0.1:$hport" --workers "${NETBOX_WORKERS:-1}" --threads 8 \
  --timeout 120 --pid "$dir/gunicorn.pid" --access-logfile "$dir/access.log" --error-logfile "$dir/gunicorn.log" \
  --daemon netbox.wsgi)
cat >"$dir/env" <<ENV
NETBOX_URL=http://127.0.0.1:$hport
NETBOX_TOKEN=$TOK2
NETBOX_TOKEN_V1=$TOK1
NETBOX_TOKEN_READONLY=$TOKRO
NETBOX_USER=admin
NETBOX_PASSWORD=admin-pass
NETBOX_PGPORT=$pgport
NETBOX_REDIS_PORT=$rport
ENV
for i in $(seq 120); do
  code=$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $TOK2" "http://127.0.0.1:$hport/api/status/" || true)
  [ "$code" = 200 ] && break; sleep 0.5
done
[ "$code" = 200 ] || { echo "NetBox did not answer (last $code)" >&2; false; }
say "ready"
cat "$dir/env"
