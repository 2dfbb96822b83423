#!/bin/sh
# Weak scaling on this machine: scaling.sh [CORES]. Times messages, and steps of a 345M masked
# language model by ranks of CORES cores each, an eighth of the machine unless told: threads, and
# processes where there is an mpirun. Takes some minutes and 50 GB of memory.
#
# MODEL: layers, hidden size, heads: 24,1024,16. RANKS: at most so many, an even number, 8. STEPS:
# 3, of which the first warms up. MPIRUN: the launcher, mpirun. So a try on two cores, in a minute:
#
#   MODEL=2,128,4 RANKS=2 benchmarks/scaling.sh 1
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$here/../.mvn/find-jdk.sh"
find_jdk
"$here/../mvnw" -q -B -f "$here/../pom.xml" -pl benchmarks -am -Dmaven.test.skip=true package
all=$(nproc)
ranks=${RANKS:-8}
cores=${1:-$((all / 8))}
[ "$cores" -ge 1 ] || cores=1
steps=${STEPS:-3}
m=${MODEL:-24,1024,16}
mpirun=${MPIRUN:-mpirun}
options=$here/../cli/src/main/resources/io/github/megabert/cli/jvm-options

java() {
  "$JAVA_HOME/bin/java" "@$options" \
    -cp "$here/target/benchmarks.jar" "io.github.megabert.benchmarks.$@"
}

# processes RANKS JVM-OPTION CLASS…: Open MPI starts no more ranks than cores unless told, and
# binds them; MPICH does neither.
processes() {
  n=$1
  option=$2
  shift 2
  case $("$mpirun" --version 2>&1 | head -1) in
    *Open*) more="--oversubscribe --bind-to none" ;;
    *) more= ;;
  esac
  # shellcheck disable=SC2086
  "$mpirun" -n "$n" $more "$JAVA_HOME/bin/java" "@$options" "$option" \
    -cp "$here/target/benchmarks.jar" "io.github.megabert.benchmarks.$@"
}

common=-Dmegabert.mpi.common-memory=on
messages=-Dmegabert.mpi.common-memory=off
half=$((ranks / 2))
has_mpi=$(command -v "$mpirun" || true)

echo "messages, threads"
java CommunicationMeasurement 2
java CommunicationMeasurement "$ranks"
if [ -n "$has_mpi" ]; then
  echo "messages, processes with common memory, then without"
  processes "$ranks" "$common" CommunicationMeasurement
  processes "$ranks" "$messages" CommunicationMeasurement
fi

# Seconds, steps, sequences of a pass, then runs: tensor, pipeline, data, stages a rank, passes,
# threads, layers, hidden size, heads.
echo "copies, threads"
java ScalingMeasurement 600 "$steps" 2 "1,1,1,1,1,$cores,$m" "1,1,$half,1,$half,$cores,$m" \
  "1,1,$ranks,1,$ranks,$cores,$m" "1,1,1,1,$ranks,$all,$m"
if [ -n "$has_mpi" ]; then
  echo "copies, processes with common memory, then without; then half of them share layers"
  processes "$ranks" "$common" ScalingMeasurement 0 "$steps" 2 "1,1,$ranks,1,$ranks,$cores,$m"
  processes "$ranks" "$messages" ScalingMeasurement 0 "$steps" 2 "1,1,$ranks,1,$ranks,$cores,$m"
  processes "$ranks" "$common" ScalingMeasurement 0 "$steps" 2 "$half,1,2,1,2,$cores,$m"
fi
if [ "$ranks" -lt 8 ]; then
  exit 0
fi
echo "larger models whose ranks share layers, threads"
java ScalingMeasurement 600 "$steps" 2 "2,1,1,1,1,$cores,32,1280,20" \
  "4,1,1,1,1,$cores,40,1536,16" "8,1,1,1,1,$cores,54,1920,24" "4,1,2,1,2,$cores,$m"
echo "stages, threads"
java ScalingMeasurement 600 "$steps" 1 "1,4,1,1,8,$cores,$m" "1,4,1,2,8,$cores,$m" \
  "2,2,2,1,8,$cores,$m" "1,1,1,1,8,$all,$m"
