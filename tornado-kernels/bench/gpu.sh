#!/bin/sh
# Checks the GPU backend against the scalar one and times it beside PyTorch, all in one call:
#   tornado-kernels/bench/gpu.sh [PRECISION]           inference: f16, bf16, tf32 or f32
#   tornado-kernels/bench/gpu.sh train [PRECISION]     training steps: bf16, tf32 or f32
# It ends at the first check that fails, with that one's exit status.
# TORNADOVM_HOME names the folder of a TornadoVM SDK (docs/gpu.md). JAVA names the java to use;
# CLASSES a class path, if not this checkout's, which is built first. CHECKS the precisions to
# check; SHAPES what to time; SOAK how many small calls to make; GPUS on how many GPUs to train, a
# process of mpirun each, which join their gradients by NCCL; DIRECT memory of the host beside the
# heap (64g).
# PyTorch and transformers are timed where python3 has them.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
root=$(dirname -- "$here")
what=infer
launch=
if [ "${1:-}" = train ]; then
  what=train
  shift
fi
if [ ! -r "${TORNADOVM_HOME:-}/tornado-argfile" ]; then
  echo "gpu.sh: TORNADOVM_HOME is ${TORNADOVM_HOME:-not set}; set it to the folder of a TornadoVM SDK, which holds tornado-argfile (docs/gpu.md)." >&2
  exit 2
fi
if [ -z "${JAVA:-}" ]; then
  . "$root/.mvn/find-jdk.sh"
  find_jdk
  JAVA=$JAVA_HOME/bin/java
fi
if [ -z "${CLASSES:-}" ]; then
  paths=$here/target/bench.classpath
  "$root/mvnw" -q -f "$root/pom.xml" -pl core,tornado-kernels test-compile \
    dependency:build-classpath -Dmdep.outputFile=target/bench.classpath -Dmdep.includeScope=test
  CLASSES=$here/target/test-classes:$here/target/classes:$root/core/target/classes:$(cat "$paths")
fi

# What a program prints, as it prints it, without the JVM's warnings; its exit status.
run() {
  heap=$1
  shift
  status=$(mktemp)
  # shellcheck disable=SC2086
  {
    $launch "$JAVA" @"$TORNADOVM_HOME/tornado-argfile" @"$here/megabert-argfile" $heap -cp "$CLASSES" "$@" \
      2>&1 && echo 0 >"$status" || echo $? >"$status"
  } | while IFS= read -r line; do
    case $line in
      WARNING:*) ;;
      *) printf '%s\n' "$line" ;;
    esac
  done
  code=$(cat "$status")
  rm -f "$status"
  [ "$code" = 0 ] || exit "$code"
}

has_pytorch() {
  python3 -c 'import torch, transformers' 2>/dev/null
}

if [ "$what" = train ]; then
  precision=$(echo "${1:-bf16}" | tr '[:lower:]' '[:upper:]')
  shapes=${SHAPES:-16x512 32x128 ragged}
  if [ "${GPUS:-1}" -gt 1 ]; then launch="mpirun --bind-to none -n $GPUS"; fi
  # shellcheck disable=SC2086
  # TornadoVM keeps a copy of what is on the device in memory that this option bounds.
  run "-Xmx8g -XX:MaxDirectMemorySize=${DIRECT:-64g}" io.github.megabert.tornado.TrainingCheck 345m "$precision" $shapes
  has_pytorch || exit 0
  # shellcheck disable=SC2086
  if [ "${GPUS:-1}" -gt 1 ]; then
    torchrun --nproc-per-node "$GPUS" "$here/bench/ddp.py" $shapes
  else
    python3 "$here/bench/training.py" "$precision" $shapes
  fi
  exit 0
fi

precision=$(echo "${1:-f16}" | tr '[:lower:]' '[:upper:]')
checks=${CHECKS:-F32 TF32 F16 BF16}
shapes=${SHAPES:-1x128 8x128 32x128 32x512 128x128 ragged}
check=io.github.megabert.tornado.DeviceCheck
# shellcheck disable=SC2086
run -Xmx8g $check errors $checks
# shellcheck disable=SC2086
run -Xmx8g $check mini "$root/demo-model/src/main/resources/io/github/megabert/demo" \
  "$root/demo-model/evaluation/validation.safetensors" $checks
# A heap of one size, so that what the process holds beside it shows.
run "-Xms256m -Xmx256m -XX:+AlwaysPreTouch" $check soak "$precision" "${SOAK:-200000}"
# shellcheck disable=SC2086
run -Xmx8g $check times "$precision" $shapes
# shellcheck disable=SC2086
if has_pytorch; then python3 "$here/bench/pytorch.py" "$precision" $shapes; fi
