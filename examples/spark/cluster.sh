#!/bin/sh
# Embeds rows on a small cluster of this machine: two executors of a core and 2 GiB each, one of which is killed on the way.
#   examples/spark/cluster.sh TEXTS ROWS
# TEXTS is a file with a text a line (the last column, where it has tabs), ROWS how many rows are made of them.
set -eu
texts=$(realpath "$1")
rows=$2
here=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
. "$here/.mvn/find-jdk.sh"
find_jdk
cd "$here"
home=$here/spark/target/cluster
./mvnw -q -B -Pcluster -pl spark -am -DskipTests package
jar=$(ls "$here"/spark/target/megabert-spark-*-all.jar)
export JAVA_HOME SPARK_HOME="$home" SPARK_LOCAL_IP=127.0.0.1 SPARK_SCALA_VERSION=2.13
cd "$home"
exec "$JAVA_HOME/bin/java" --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED \
  --sun-misc-unsafe-memory-access=allow -Xmx2g \
  -cp "$here/spark/target/test-classes:$jar:$home/jars/*" io.github.megabert.spark.ClusterRun \
  "$here/demo-model/src/main/resources/io/github/megabert/demo" "$texts" "$rows" "$jar" "$home/out"
