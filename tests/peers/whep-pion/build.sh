#!/bin/sh
# Builds the server into the directory that is given, under a name that changes with its source; prints its path.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
into=$1
mkdir -p "$into"
made="$into/whep-pion-$(cat "$here"/*.go | sha256sum | cut -c1-16)"
if [ ! -x "$made" ]; then
  new=$(mktemp "$into/.new.XXXXXX")
  # Debian puts its Go libraries where no module proxy is needed.
  (cd "$here" && GO111MODULE=off GOFLAGS= GOPATH=/usr/share/gocode go build -o "$new" .) >&2
  chmod 755 "$new"
  mv "$new" "$made"
fi
echo "$made"
