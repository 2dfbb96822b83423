#!/bin/sh
# Builds an application of Spring Boot of its own against what `./mvnw install` installs into a repository under target/,
# starts its jar, and asks it for its readiness, words, a vector and its meters.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
. "$root/.mvn/find-jdk.sh"
find_jdk
find_encoding
work="$root/examples/target/spring-boot"
rm -rf "$work"
mkdir -p "$work"
cp -r "$here/pom.xml" "$here/src" "$work"

. "$root/examples/own-repository.sh"
. "$root/examples/background-server.sh"
own_repository "$work" core,demo-model,micrometer,spring
echo "== mvn package, in a project of its own"
cd "$work"
maven package "$@"

start "Tomcat started on port \([0-9]*\)" \
  "$JAVA_HOME/bin/java" --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED \
  -jar target/hello-spring-1.jar --server.address=127.0.0.1 --server.port=0
echo "== readiness"
ask /actuator/health/readiness
expect '"status":"UP"'
echo "== words"
ask /words -G --data-urlencode "text=a dog is a domesticated [MASK]."
expect '"dog"'
echo "== vector"
ask /vector -G --data-urlencode "text=a dog"
expect '^\[[0-9.,E-]*\]$'
echo "== meters"
ask '/actuator/metrics/megabert.answers?tag=task:text-embedding'
expect '"value":1.0'
ask /actuator/metrics/megabert.model.memory
expect '"baseUnit":"bytes"'
stop
