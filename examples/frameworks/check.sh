#!/bin/sh
# Runs what docs/frameworks.md shows: check.sh [kotlin] [quarkus] [image] [server], all of them unless told. It installs the
# artifacts into a repository of their own under target/ and builds against them. Gradle is not among them.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
. "$root/.mvn/find-jdk.sh"
find_jdk
find_encoding
[ "$#" -gt 0 ] || set -- kotlin quarkus image server
work="$root/examples/target/frameworks"
rm -rf "$work"
mkdir -p "$work"
cp -r "$here/." "$root/examples/new-user" "$work"
. "$root/examples/own-repository.sh"
own_repository "$work"
java="$JAVA_HOME/bin/java"
flags="--add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED"

kotlin() {
  cd "$work/kotlin"
  maven compile
  # shellcheck disable=SC2086
  "$java" $flags -cp "target/classes:target/lib/*" HelloKt >out.txt 2>&1 || true
  expect "dog 0.75"
}

# ask PATH ARGUMENTS: asks the server that runs in the background and says in log.txt where it listens, and ends it.
ask() {
  path=$1
  shift
  trap 'kill "$server" 2>/dev/null || true' EXIT
  address=
  for _ in $(seq 60); do
    address=$(sed -n 's,.*[^-]\(http://127.0.0.1:[0-9]*\).*,\1,p' log.txt)
    [ -z "$address" ] || break
    sleep 1
  done
  curl -sS "$address$path" "$@" >out.txt 2>&1 || true
  kill "$server"
  wait "$server" || true
  cat log.txt
}

quarkus() {
  cd "$work/quarkus"
  maven package
  JDK_JAVA_OPTIONS="$flags" "$java" -Dquarkus.http.host=127.0.0.1 -Dquarkus.http.port=0 \
    -jar target/quarkus-app/quarkus-run.jar >log.txt 2>&1 &
  server=$!
  ask /words -G --data-urlencode "text=a dog is a domesticated [MASK]."
  expect "^dog$"
}

image() {
  cd "$work/new-user"
  maven compile
  "$JAVA_HOME/bin/jlink" --module-path target/classes:target/lib --add-modules hello \
    --launcher hello=hello/hello.Hello --add-options=" --enable-native-access=io.github.megabert.core" \
    --strip-debug --no-header-files --no-man-pages --compress zip-6 --output target/image
  du -sm target/image
  env -i target/image/bin/hello >out.txt 2>&1 || true
  expect "dog is a domesticated dog"
}

# What the project's Dockerfile does.
server() {
  mkdir -p "$work/server/lib"
  cd "$work/server"
  (cd "$root" && ./mvnw -q -B -pl cli,server -am -Dmaven.test.skip=true -Dspotless.check.skip=true package)
  cp "$root/cli/target/megabert-cli-0.1.0.jar" "$root/server/target/megabert-server-0.1.0.jar" .
  cp "$root"/server/target/lib/*.jar lib
  options=$(sed -n 's/.*jlink \(--add-modules [^ ]*\).*/\1/p' "$root/Dockerfile")
  # shellcheck disable=SC2086
  "$JAVA_HOME/bin/jlink" $options --strip-debug --no-header-files --no-man-pages --compress zip-6 --output java
  du -sm java
  env -i java/bin/java "@$root/cli/src/main/resources/io/github/megabert/cli/jvm-options" \
    -cp megabert-cli-0.1.0.jar:megabert-server-0.1.0.jar io.github.megabert.cli.Main serve --port 0 >log.txt 2>&1 &
  server=$!
  ask /fill-mask -H "Content-Type: application/json" -d '{"inputs": "a dog is a domesticated [MASK]."}'
  expect '"token_str":"dog"'
}

for example in "$@"; do
  echo "== $example"
  "$example"
done
