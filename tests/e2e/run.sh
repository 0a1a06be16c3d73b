#!/usr/bin/env bash
# run.sh FILE: installs the official clients beside a copy of the tests (once), then runs one test file.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=${HOB_E2E_DIR:?the folder to install the clients in}
mkdir -p "$work"
exec 9>"$work/.lock"
flock 9
cp "$here"/*.mjs "$here"/package.json "$work"/
if ! cmp -s "$here/package.json" "$work/.installed"; then
  (cd "$work" && npm install --no-package-lock --no-audit --no-fund --loglevel=error)
  cp "$here/package.json" "$work/.installed"
fi
flock -u 9
cd "$work"
exec node --test "$1"
