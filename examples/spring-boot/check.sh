#!/bin/sh
# Builds an application of Spring Boot of its own against what `./mvnw install` installs into a repository under target/,
# starts its jar, and asks it for words, a vector, its readiness and its meters.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
. "$root/.mvn/find-jdk.sh"
find_jdk
find_encoding
work="$root/examples/target/spring-boot"
port=${PORT:-18080}
rm -rf "$work"
mkdir -p "$work"
cp -r "$here/pom.xml" "$here/src" "$work"

# What the usual local repository has need not be fetched again.
usual=${MAVEN_REPO:-$HOME/.m2/repository}
maven() {
  "$root/mvnw" -q -B -Dmaven.repo.local="$work/repository" -Dmaven.repo.local.tail="$usual" \
    -Dmaven.repo.local.tail.ignoreAvailability=true "$@"
}
echo "== mvn install (core, demo-model, micrometer, spring)"
(cd "$root" && maven install -DskipTests -Dmaven.test.skip=true -Dspotless.check.skip=true -Dmaven.javadoc.skip=true \
  -pl core,demo-model,micrometer,spring -am)
echo "== mvn package, in a project of its own"
(cd "$work" && maven package "$@")

cd "$work"
"$JAVA_HOME/bin/java" --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED \
  -jar target/hello-spring-1.jar --server.address=127.0.0.1 --server.port="$port" >out.txt 2>&1 &
application=$!
trap 'kill "$application" 2>/dev/null || true' EXIT
get() {
  curl -sS --max-time 10 "http://127.0.0.1:$port$1" || true
}
expect() {
  echo "$2"
  case $2 in
    *"$1"*) ;;
    *) echo "expected: $1" >&2; cat out.txt >&2; exit 1 ;;
  esac
}
tries=0
until [ "$(curl -s -o ready.txt -w '%{http_code}' "http://127.0.0.1:$port/actuator/health/readiness" || true)" = 200 ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 120 ] && kill -0 "$application" || { cat out.txt >&2; exit 1; }
  sleep 0.5
done
echo "== readiness"
expect '"status":"UP"' "$(cat ready.txt)"
echo "== words"
expect '"dog"' "$(get '/words?text=a%20dog%20is%20a%20domesticated%20%5BMASK%5D.')"
echo "== vector"
expect '[' "$(get '/vector?text=a%20dog' | cut -c 1-60)"
# Events of the Flight Recorder come about a second late.
sleep 2
echo "== meters"
expect '"value":1.0' "$(get '/actuator/metrics/megabert.answers?tag=task:text-embedding')"
expect '"baseUnit":"bytes"' "$(get '/actuator/metrics/megabert.model.memory')"
kill "$application"
wait "$application" || true
