#!/bin/sh
# Makes what an image holds: `docs/deploy/image.sh <folder>` puts it into that folder, which is empty, for good and to
# be read alone. The Dockerfile calls it; it needs Python, and neither root nor Docker.
# PINS=s3 installs what a bucket needs as well.
# ENVIRONMENT=<folder> takes an environment of Python that is there, and installs none.
set -eu
project=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
cd "$1"
if [ -n "$(ls -A)" ]; then
  echo "$1 is not empty." >&2
  exit 1
fi

# What serves: no tests, no documents.
(cd "$project" && cp -Rp manage.py gunicorn.conf.py LICENSE project extender templates static "$OLDPWD")

if [ -n "${ENVIRONMENT:-}" ]; then
  ln -s "$ENVIRONMENT" .venv
else
  python3 -m venv .venv
  # Nothing is built here, so nothing that builds has to be here.
  .venv/bin/pip install --quiet --no-cache-dir --only-binary :all: --require-hashes -r "$project/.pins/${PINS:-site}.txt"
  .venv/bin/pip uninstall --quiet --yes setuptools pip
fi

# Any key does: nothing is signed by it, and without one an image would keep a secret that everybody has.
SECRET_KEY=of-no-use .venv/bin/python manage.py collectstatic --no-input --verbosity 0
.venv/bin/python -m compileall -q project extender
mkdir var/metrics
chmod -R u=rwX,go=rX .
