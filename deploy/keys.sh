#!/bin/sh
# Make ./deploy/keys for compose.yaml: two key pairs, the log's signing key, the web's secret, the
# database password. What exists stays. Usage: deploy/keys.sh (needs ./bench once before).
set -eu
umask 077
here=$(cd "$(dirname "$0")" && pwd)
python=$here/../.venv/bin/python
keys=$here/keys
[ -x "$python" ] || { echo "keys.sh: run ./bench version once, it makes .venv" >&2; exit 2; }
mkdir -p "$keys"
cd "$here/.."
"$python" - "$keys" <<'PYTHON'
import sys
from pathlib import Path

from benchserver.engines.signing.files import ensure_signing_key
from benchserver.engines.vault.keyring import ensure_keys

folder = Path(sys.argv[1])
ensure_keys(folder)
ensure_signing_key(folder)
PYTHON
if [ ! -e "$keys/pg_password" ]; then
    "$python" -c 'import secrets; print(secrets.token_urlsafe(32), end="")' >"$keys/pg_password"
    printf 'postgres:5432:benchserver:benchserver:%s\n' "$(cat "$keys/pg_password")" >"$keys/pgpass"
fi
# The containers' account reads them; the folder itself stays closed to everybody else.
if [ "$(id -u)" = 0 ]; then
    chown -R 10001:10001 "$keys"
    chmod 700 "$keys"
    chmod 444 "$keys/pg_password" # read by the database's own account, inside its container
else
    echo "keys.sh: the containers run as user id 10001: chown -R 10001 $keys as root" >&2
fi
echo "keys are in $keys: back up the folder now, off this host" >&2
