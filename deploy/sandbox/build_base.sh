#!/bin/sh
# Build the image in which the Docker sandbox runs programs: a minimal Debian with Python.
# Usage: build_base.sh [NAME:TAG] ; needs mmdebstrap and a Docker daemon, no image registry.
set -eu
name=${1:-benchserver-sandbox:base}
packages=${SANDBOX_PACKAGES:-python3-minimal,libpython3-stdlib}
suite=${SANDBOX_SUITE:-bookworm}

if docker image inspect "$name" >/dev/null 2>&1; then
    echo "$name exists already" >&2
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mmdebstrap --quiet --variant=minbase --include="$packages" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    "$suite" "$work/base.tar"
docker import --change 'USER 65534:65534' "$work/base.tar" "$name" >/dev/null
echo "$name built" >&2
