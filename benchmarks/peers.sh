#!/bin/sh
# Times MegaBERT and ONNX Runtime in turns: peers.sh [THREADS [F32|BF16|F16|INT8 [CASE,...]]],
# where a CASE is 1x16, 1x128, 8x128, 1x512 or ragged.
# Keeps 2.7 GB of random weights in target/peers and needs about 8 GB of memory.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$here/../.mvn/find-jdk.sh"
find_jdk
"$here/../mvnw" -q -B -f "$here/../pom.xml" -pl benchmarks -am -Dmaven.test.skip=true package
exec "$JAVA_HOME/bin/java" --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -XX:+UseSerialGC -Xmx2g \
  -cp "$here/target/benchmarks.jar:$here/target/lib/*" io.github.megabert.peers.Peers "$here/target/peers" "$@"
