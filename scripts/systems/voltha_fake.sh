#!/usr/bin/env bash
# Start / stop the gRPC stand-in for VOLTHA built from the PyPI wheel voltha-protos.
#   voltha_fake.sh start DIR | stop DIR      (DIR/env: VOLTHA_GRPC, VOLTHA_OLT_ID, VOLTHA_PYTHON, ...)
set -euo pipefail
cmd=${1:?start|stop}; dir=$(realpath -m "${2:?DIR}"); here=$(dirname "$(realpath "$0")")
cache=${SYSTEMS_CACHE:-$HOME/.cache/isp-start}; VOLTHA_PROTOS_VERSION=${VOLTHA_PROTOS_VERSION:-5.7.10}
if [ "$cmd" = stop ]; then [ -s "$dir/pid" ] && kill "$(cat "$dir/pid")" 2>/dev/null || true; exit 0; fi
mkdir -p "$dir" "$cache"; venv=$cache/voltha-$VOLTHA_PROTOS_VERSION
script=$here/voltha_fake.py
if [ ! -e "$venv/ok" ]; then
  rm -rf "$venv"; python3 -m venv "$venv"      # any Python >= 3.10
  "$venv/bin/pip" install -q "voltha-protos==$VOLTHA_PROTOS_VERSION" >"$dir/pip.log" 2>&1 && touch "$venv/ok"
fi
rm -f "$dir/env"
setsid "$venv/bin/python" "$script" --port 0 --env-file "$dir/env" "${@:3}" >"$dir/out.log" 2>&1 </dev/null &
echo $! >"$dir/pid"
for i in $(seq 100); do [ -s "$dir/env" ] && break; sleep 0.1; done
[ -s "$dir/env" ] || { cat "$dir/out.log" >&2; exit 1; }
echo "VOLTHA_PYTHON=$venv/bin/python" >>"$dir/env"      # has the message classes: for voltha_record.py
cat "$dir/env"
