#!/bin/sh
# Embeds rows on a small cluster of this machine: two executors of a core and 2 GiB each, beside two processes without
# Spark; then again with an executor killed midway. Says what the rows and their vectors add up to.
#   examples/spark/cluster.sh ROWS [TEXTS]
# ROWS is how many rows are made of TEXTS, a file with a header and a text a line (the last column, where it has tabs).
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
rows=$1
texts=$(realpath "${2:-$here/examples/lexname/train.tsv}")
. "$here/.mvn/find-jdk.sh"
find_jdk
cd "$here"
home=$here/spark/target/cluster
./mvnw -q -B -Pcluster -pl spark -am -DskipTests -Dspotless.check.skip=true package
jar=$(ls "$here"/spark/target/megabert-spark-*-all.jar)
model=$here/demo-model/src/main/resources/io/github/megabert/demo
flags="--add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED"
export JAVA_HOME SPARK_HOME="$home" SPARK_LOCAL_IP=127.0.0.1 SPARK_SCALA_VERSION=2.13
cd "$home"
"$JAVA_HOME/bin/jar" --create --file run.jar -C "$here/spark/target/test-classes" .
"$JAVA_HOME/bin/jar" --create --no-manifest --file demo.zip -C "$model" .
# As bin/spark-submit of a Spark that is installed does it.
# shellcheck disable=SC2086
exec "$JAVA_HOME/bin/java" $flags --sun-misc-unsafe-memory-access=allow -Xmx2g -cp "$home/jars/*" \
  org.apache.spark.deploy.SparkSubmit --master "local-cluster[2,1,2048]" --name megabert \
  --jars "$jar" --archives "$home/demo.zip#demo" \
  --conf spark.log.level=WARN --conf spark.ui.enabled=false --conf spark.executor.memory=1500m --conf spark.executor.cores=1 \
  --conf spark.executor.extraJavaOptions="$flags" \
  --class io.github.megabert.spark.ClusterRun run.jar \
  "$model" "$texts" "$rows" "$jar:$home/run.jar" "$home/out"
