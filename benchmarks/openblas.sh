#!/bin/sh
# Times our matrix kernel and OpenBLAS's in turns: openblas.sh [THREADS [LIBRARY]].
# Needs libopenblas (Debian: apt install libopenblas0-pthread).
set -eu
# Its threads, waiting busily, would take a processor from ours.
export OPENBLAS_THREAD_TIMEOUT="${OPENBLAS_THREAD_TIMEOUT:-4}"
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$here/../.mvn/find-jdk.sh"
find_jdk
"$here/../mvnw" -q -B -f "$here/../pom.xml" -pl benchmarks -am -Dmaven.test.skip=true package
exec "$JAVA_HOME/bin/java" --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED \
  -cp "$here/target/benchmarks.jar" io.github.megabert.peers.OpenBlas "$@"
