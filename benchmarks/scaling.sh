#!/bin/sh
# Weak scaling on this machine: scaling.sh [CORES]. Times messages, and steps of a 345M masked
# language model by ranks of CORES cores each, an eighth of the machine unless told: threads, and
# processes where there is an mpirun. Takes some minutes and 50 GB of memory.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$here/../.mvn/find-jdk.sh"
find_jdk
"$here/../mvnw" -q -B -f "$here/../pom.xml" -pl benchmarks -am -Dmaven.test.skip=true package
all=$(nproc)
cores=${1:-$((all / 8))}
m=24,1024,16

java() {
  "$JAVA_HOME/bin/java" "@$here/../cli/src/main/resources/io/github/megabert/cli/jvm-options" \
    -cp "$here/target/benchmarks.jar" "io.github.megabert.benchmarks.$@"
}

processes() {
  if command -v mpirun >/dev/null; then
    mpirun -n 8 --bind-to none "$JAVA_HOME/bin/java" \
      "@$here/../cli/src/main/resources/io/github/megabert/cli/jvm-options" \
      -cp "$here/target/benchmarks.jar" "io.github.megabert.benchmarks.$@"
  fi
}

java CommunicationMeasurement 2
java CommunicationMeasurement 8
processes CommunicationMeasurement
# Seconds, steps, sequences of a pass, then runs: tensor, pipeline, data, stages a rank, passes,
# threads, layers, hidden size, heads.
java ScalingMeasurement 600 3 2 "1,1,1,1,1,$cores,$m" "1,1,4,1,4,$cores,$m" \
  "1,1,8,1,8,$cores,$m" "1,1,1,1,8,$all,$m"
processes ScalingMeasurement 0 3 2 "1,1,8,1,8,$cores,$m"
java ScalingMeasurement 600 3 2 "1,1,1,1,1,$cores,$m" "2,1,1,1,1,$cores,32,1280,20" \
  "4,1,1,1,1,$cores,40,1536,16" "8,1,1,1,1,$cores,54,1920,24"
java ScalingMeasurement 600 3 1 "1,4,1,1,8,$cores,$m" "1,4,1,2,8,$cores,$m" \
  "2,2,2,1,8,$cores,$m" "1,1,1,1,8,$all,$m"
