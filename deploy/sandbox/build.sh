#!/bin/sh
# Build the images in which the Docker sandbox runs programs: a minimal Debian, one toolchain each.
# Usage: build.sh TOOLCHAIN... | all       e.g. build.sh base rust
# Needs mmdebstrap, a C compiler and a Docker daemon; no image registry. What exists and was made by
# this very recipe is left alone. The names are benchserver-sandbox:TOOLCHAIN.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
launcher=$root/benchserver/engines/sandbox/docker/launcher.c
suite=${SANDBOX_SUITE:-bookworm}
repository=benchserver-sandbox
every="base bash javascript typescript c cpp go rust java"

packages_of() {
    case $1 in
    base) echo python3-minimal,libpython3-stdlib ;;
    bash) echo bash ;;
    javascript) echo nodejs ;;
    typescript) echo nodejs,node-typescript ;;
    c) echo gcc,libc6-dev ;;
    cpp) echo g++,catch2 ;;
    go) echo golang-go ;;
    rust) echo rustc,cargo,gcc,libc6-dev ;;
    java) echo openjdk-17-jdk-headless,junit5,libassertj-core-java ;;
    *)
        echo "build.sh: no toolchain $1; there are: $every all" >&2
        exit 2
        ;;
    esac
}

need() {
    command -v "$1" >/dev/null 2>&1 || {
        echo "build.sh: $1 is missing: apt-get install $2" >&2
        exit 2
    }
}

# The language's own caches (a precompiled header, compiled packages) as a shell script that fills
# /toolchain of the root $1, or nothing. Each step writes a tar to its stdout, by way of the file $2.
preparation_of() {
    PYTHONPATH=$root python3 -B - "$1" <<'PYTHON'
import shlex, sys
from benchserver.engines.languages.registry import LANGUAGES

language = LANGUAGES.get(sys.argv[1])
caches = language.caches if language else None
for step in caches.steps if caches else ():
    words = [f"{name}={value}" for name, value in step.environment.items()]
    line = shlex.join(["env", "-i", "PATH=/usr/bin:/bin", "LANG=C.UTF-8", *words, *step.argv])
    print(f'chroot "$1" {line} >"$2"')
    print('tar -x --no-same-owner -f "$2" -C "$1/toolchain"; rm -rf "$1"/tmp/* "$2"')
PYTHON
}

build() {
    name=$repository:$1
    packages=$(packages_of "$1")
    prepare=$(preparation_of "$1")
    recipe=$(printf '%s\n' "$suite" "$packages" "$prepare" "$digest" | sha256sum | cut -d' ' -f1)
    found=$(docker image inspect -f '{{index .Config.Labels "benchserver.recipe"}}' "$name" 2>/dev/null || true)
    if [ "$found" = "$recipe" ]; then
        echo "$name exists already" >&2
        return
    fi
    set -- --customize-hook='mkdir -p "$1/box" "$1/keep" "$1/toolchain" "$1/usr/local/bin"' \
        --customize-hook="copy-in $work/benchserver-launcher /usr/local/bin"
    if [ -n "$prepare" ]; then
        printf 'set -eu\n%s\n' "$prepare" >"$work/prepare.sh"
        set -- "$@" --customize-hook="sh $work/prepare.sh \"\$1\" $work/prepared.tar"
    fi
    # Java's package makes links in a folder of manuals that is left out here.
    mmdebstrap --quiet --variant=minbase --include="$packages" \
        --essential-hook='mkdir -p "$1/usr/share/man/man1"' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        "$@" "$suite" "$work/image.tar"
    docker import --change 'USER 65534:65534' --change 'ENV PATH=/usr/bin:/bin' \
        --change "LABEL benchserver.launcher=$digest benchserver.recipe=$recipe" \
        "$work/image.tar" "$name" >/dev/null
    rm -f "$work/image.tar"
    echo "$name built" >&2
}

[ $# -gt 0 ] || set -- base
[ "$*" != all ] || set -- $every
for toolchain in "$@"; do
    packages_of "$toolchain" >/dev/null
done
need mmdebstrap mmdebstrap
need cc "gcc libc6-dev"
need docker docker.io
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
digest=$(sha256sum "$launcher" | cut -d' ' -f1)
cc -std=c11 -O2 -Wall -static -s -o "$work/benchserver-launcher" "$launcher"
for toolchain in "$@"; do
    build "$toolchain"
done
