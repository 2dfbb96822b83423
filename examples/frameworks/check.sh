#!/bin/sh
# Runs what docs/frameworks.md shows: check.sh [kotlin] [quarkus] [image] [server] [gradle4], all but the last unless told. It
# installs the artifacts into a repository of their own under target/ and builds against them. `gradle4` wants Debian's Gradle.
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
. "$root/examples/background-server.sh"
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

quarkus() {
  cd "$work/quarkus"
  maven package
  start "[^-]http://127.0.0.1:\([0-9]*\)" env JDK_JAVA_OPTIONS="$flags" \
    "$java" -Dquarkus.http.host=127.0.0.1 -Dquarkus.http.port=0 -jar target/quarkus-app/quarkus-run.jar
  ask /words -G --data-urlencode "text=a dog is a domesticated [MASK]."
  expect "^dog$"
  stop
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
  start "http://127.0.0.1:\([0-9]*\)" env -i \
    java/bin/java "@$root/cli/src/main/resources/io/github/megabert/cli/jvm-options" \
    -cp megabert-cli-0.1.0.jar:megabert-server-0.1.0.jar io.github.megabert.cli.Main serve --port 0
  ask /fill-mask -H "Content-Type: application/json" -d '{"inputs": "a dog is a domesticated [MASK]."}'
  expect '"token_str":"dog"'
  stop
}

gradle4() {
  cd "$work/gradle-4"
  GRADLE_USER_HOME="$work/gradle-home" env -u JAVA_HOME gradle -q --no-daemon -Dmaven.repo.local="$repository" \
    -Pjdk="$JAVA_HOME" run >out.txt 2>&1 || true
  expect "token=dog"
}

for example in "$@"; do
  echo "== $example"
  "$example"
done
