#!/bin/sh
# Loads `megabert serve` on this machine: serve.sh demo|minilm [SECONDS]. 64 clients for SECONDS (300), beside the library
# that computes one text after the other, one client, and a server without batches; then ten times what it can serve, with
# its memory once a second. Prints rows of the table in docs/server.md. Takes two and a half times SECONDS. `minilm` is a
# model of all-MiniLM-L6-v2's sizes with random weights, kept in target/load (91 MB).
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$here/../.mvn/find-jdk.sh"
find_jdk
"$here/../mvnw" -q -B -f "$here/../pom.xml" -pl cli,server,benchmarks -am -Dmaven.test.skip=true -Dspotless.check.skip=true package

demo="$here/../demo-model/src/main/resources/io/github/megabert/demo"
java() {
  "$JAVA_HOME/bin/java" "@$here/../cli/src/main/resources/io/github/megabert/cli/jvm-options" \
    -cp "$here/target/benchmarks.jar" "io.github.megabert.benchmarks.load.$@"
}
case "${1:-}" in
  demo) model=$demo ;;
  minilm)
    model=$here/target/load/minilm
    java RandomMiniLm "$here/../core/src/test/resources/fixtures/tokenizer/vocab.txt" "$model"
    ;;
  *)
    echo "usage: serve.sh demo|minilm [SECONDS]" >&2
    exit 2
    ;;
esac
export MEGABERT_JAVA_OPTIONS="${MEGABERT_JAVA_OPTIONS:--Xmx512m}"
java ServerLoad "$model" "${2:-300}" "$here/../megabert" serve --model "load=$model"
