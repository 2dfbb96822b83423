#!/bin/sh
# Builds the release of the commit that is checked out twice, in clones of other names and in other time zones, without its
# tests, and compares every file. Keeps both in distribution/target/twice.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
work=$here/target/twice
rm -rf "$work"
mkdir -p "$work"

# release FOLDER ZONE
release() {
  git clone -q "$here/.." "$1"
  (cd "$1" && TZ=$2 ./mvnw -q -B -Prelease -DskipTests verify)
  (cd "$1/distribution/target/release" && cat -- *.sha256) >"$1.sha256"
}

release "$work/once" UTC
release "$work/and/again" Asia/Tokyo
if ! diff "$work/once.sha256" "$work/and/again.sha256"; then
  echo "the two builds differ" >&2
  exit 1
fi
echo "$(wc -l <"$work/once.sha256") files, equal in both builds"
