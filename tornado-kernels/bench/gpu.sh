#!/bin/sh
# Checks the GPU backend against the scalar one and times it beside PyTorch, all in one call:
#   tornado-kernels/bench/gpu.sh [PRECISION]        (from the root, after ./mvnw -DskipTests package)
# TORNADOVM_HOME names the SDK; JAVA the java to use; CLASSES a class path, if not this checkout's;
# CHECKS the precisions to check; SHAPES what to time; SOAK how many small calls to make.
# PyTorch and transformers are timed where python3 has them.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
root=$(dirname -- "$here")
precision=${1:-F16}
checks=${CHECKS:-F32 TF32 F16 BF16}
shapes=${SHAPES:-1x128 8x128 32x128 32x512 128x128 ragged}
java=${JAVA:-java}
if [ -z "${CLASSES:-}" ]; then
  jackson=$(find "${MAVEN_REPOSITORY:-$HOME/.m2/repository}" -path '*jackson*' -name '*.jar' | tr '\n' ':')
  CLASSES=$root/core/target/classes:$here/target/classes:$here/target/test-classes:$jackson
fi
heap=-Xmx8g
check() {
  # shellcheck disable=SC2086
  "$java" @"$TORNADOVM_HOME/tornado-argfile" @"$here/megabert-argfile" $heap -cp "$CLASSES" \
    io.github.megabert.tornado.DeviceCheck "$@" 2>&1 | grep -v '^WARNING'
}
# shellcheck disable=SC2086
check errors $checks
# shellcheck disable=SC2086
check mini "$root/demo-model/src/main/resources/io/github/megabert/demo" \
  "$root/demo-model/evaluation/validation.safetensors" $checks
# A heap of one size, so that what the process holds beside it shows.
heap="-Xms256m -Xmx256m -XX:+AlwaysPreTouch"
check soak "$precision" "${SOAK:-200000}"
heap=-Xmx8g
# shellcheck disable=SC2086
check times "$precision" $shapes
# shellcheck disable=SC2086
python3 -c 'import torch, transformers' 2>/dev/null && python3 "$here/bench/pytorch.py" "$precision" $shapes
