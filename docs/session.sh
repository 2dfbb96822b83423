#!/bin/bash
# Runs every command of ./megabert and writes what it prints to docs/session.md:
#
#   docs/session.sh
#
# A test replays the page (SessionTest), so it must be made anew when a command prints something else.
set -euo pipefail
cd "$(dirname "$0")/.."
page=docs/session.md
work=target/session
rm -rf "$work"
mkdir -p "$work"

models=core/src/test/resources/fixtures/pipelines
heads=core/src/test/resources/fixtures/transformers
sentences=core/src/test/resources/fixtures/sentence_transformers
words=demo-model/src/main/resources/io/github/megabert/demo

megabert() {
  "${MEGABERT:-./megabert}" "$@"
}

# Builds, if need be; a build that fails ends the script.
megabert --version >/dev/null

# run COMMAND: the command as it is typed, then standard output without blank lines at its end,
# standard error, and the exit code if it is not 0.
run() {
  local code=0 out
  printf '$ %s\n' "$1"
  eval "$1" >"$work/out" 2>"$work/err" </dev/null || code=$?
  out=$(cat "$work/out")
  [ -z "$out" ] || printf '%s\n' "$out"
  grep -v '^WARNING: Using incubator modules' "$work/err" || true
  [ "$code" = 0 ] || printf '(exit code %s)\n' "$code"
  echo "  $1" >&2
}

begin() {
  printf '\n## %s\n\n```console\n' "$1"
}

end() {
  printf '```\n'
}

# A section: a title, then commands.
section() {
  begin "$1"
  shift
  local first=1
  for command in "$@"; do
    [ "$first" = 1 ] || echo
    first=0
    run "$command"
  done
  end
}

{
  cat <<'TEXT'
# A session

Every command, with and without `--json`, as `docs/session.sh` runs it at the project's root. The
script writes this page. The embedded model answers where no `--model` is named. For the other tasks
small models with random weights stand in, which tests use. Their answers show the form and mean
nothing.

```sh
models=core/src/test/resources/fixtures/pipelines
heads=core/src/test/resources/fixtures/transformers
sentences=core/src/test/resources/fixtures/sentence_transformers
words=demo-model/src/main/resources/io/github/megabert/demo
```
TEXT
  section "Words for a gap" \
    'megabert fill-mask "a dog is a domesticated [MASK]."' \
    'megabert fill-mask --top-k 2 --targets animal,plant "a [MASK] is not a [MASK]."' \
    'megabert fill-mask --top-k 1 --json "a dog is a domesticated [MASK]."'
  section "Classes of texts" \
    'megabert classify --model $models/text_classification --vocab $words "What a wonderful hotel!"' \
    'megabert classify --model $models/text_classification --vocab $words --top-k 0 --pair "The street is wet." "It rains."' \
    'megabert classify --model $models/text_classification --vocab $words --json < docs/session/texts.txt'
  section "Names in texts" \
    'megabert ner --model $models/token_classification --vocab $words --aggregation simple "Angela Merkel visited Paris."' \
    'megabert ner --model $models/token_classification --vocab $words --aggregation simple --json "Angela Merkel visited Paris."'
  section "Answers from a text" \
    'megabert answer --model $heads/MegatronBertForQuestionAnswering --vocab docs/session/vocab.txt --top-k 2 --question "Who visited Paris?" --context "Anna visited Paris, and Ben went to Rome."' \
    'megabert answer --model $heads/MegatronBertForQuestionAnswering --vocab docs/session/vocab.txt --json --question "Who visited Paris?" --context "Anna visited Paris, and Ben went to Rome."'
  section "The continuation that fits best" \
    'megabert choose --model $heads/MegatronBertForMultipleChoice --vocab docs/session/vocab.txt --prompt "The cat lay down." "It slept." "It was elected."' \
    'megabert choose --model $heads/MegatronBertForMultipleChoice --vocab docs/session/vocab.txt --json --prompt "The cat lay down." "It slept." "It was elected."'
  section "Does a text continue another?" \
    'megabert next-sentence "a dog is an animal." "it barks."' \
    'megabert next-sentence --json "a dog is an animal." "it barks."'
  section "Labels of your own" \
    'megabert zero-shot --model $models/zero_shot --vocab $words --labels politics,travel,food "Angela Merkel visited Paris."' \
    'megabert zero-shot --model $models/zero_shot --vocab $words --labels politics,travel --json "Angela Merkel visited Paris."'
  section "Vectors" \
    'megabert embed --normalize "a dog" "a cat" | cut -c 1-80' \
    'megabert embed --json "a dog" | cut -c 1-80' \
    'megabert embed --output target/session/vectors.safetensors < docs/session/texts.txt' \
    'megabert embed --model $sentences/mean --json "a small dog" | cut -c 1-80'
  section "How well texts answer a query" \
    'megabert rank --model $sentences/cross_encoder --query "a small dog" "Paris" "The hotel was wonderful."' \
    'megabert rank --model $sentences/cross_encoder --query "a small dog" --json "Paris" "The hotel was wonderful."'
  section "Continuing a text" \
    'megabert generate --max-new-tokens 8 --no-repeat-ngram-size 2 "the capital of"' \
    'megabert generate --max-new-tokens 8 --seed 7 --json "the capital of"' \
    'megabert generate --model $heads/generation --beams 4 --input-ids 57,92,14,93,58 --max-new-tokens 6'
  section "Tokens" \
    'megabert tokenize "A dog barks."' \
    'megabert tokenize --json "A dog barks."' \
    'megabert tokenize --vocab core/src/test/resources/fixtures/tokenizer/vocab.txt "A dog barks."'
  section "Raw tensors" \
    'megabert forward --model $heads/MegatronBertForSequenceClassification --inputs docs/session/inputs.safetensors --output target/session/out.safetensors --hidden-states' \
    'megabert forward --model $heads/MegatronBertForSequenceClassification --inputs docs/session/inputs.safetensors --output target/session/out.safetensors --json'
  section "Fine-tuning" \
    'megabert finetune --task classify --model $heads/MegatronBertForSequenceClassification --vocab docs/session/vocab.txt --train docs/session/train.tsv --validation docs/session/train.tsv --max-steps 6 --batch-size 4 --learning-rate 1e-3 --output target/session/tuned' \
    'megabert finetune --task classify --model $heads/MegatronBertForSequenceClassification --vocab docs/session/vocab.txt --train docs/session/train.tsv --validation docs/session/train.tsv --max-steps 6 --batch-size 4 --learning-rate 1e-3 --output target/session/tuned-again --json' \
    'megabert classify --model target/session/tuned "a cat slept in rome"'
  section "A vocabulary from texts" \
    'megabert train-tokenizer --input docs/session/lines.txt docs/session/texts.txt --output target/session/vocabulary --vocab-size 64' \
    'megabert train-tokenizer --input docs/session/texts.txt --output target/session/cased --vocab-size 64 --cased --json' \
    'megabert tokenize --vocab target/session/vocabulary "The hotel was cold."'
  section "Data to pre-train on" \
    'megabert preprocess --input docs/session/corpus.txt --split-sentences --output target/session/corpus' \
    'megabert preprocess --merge target/session/corpus target/session/corpus --output target/session/twice --json' \
    'megabert samples --data target/session/corpus --seq-length 32 --output target/session/samples.safetensors' \
    'megabert samples --data target/session/corpus --seq-length 32 --num-samples 10 --count 8 --output target/session/samples.safetensors --json'
  section "Pre-training" \
    'megabert pretrain --data target/session/corpus --config docs/session/tiny.json --objective mlm --split 1 --seq-length 32 --steps 4 --micro-batch-size 4 --learning-rate 1e-2 --output target/session/pretrained' \
    'megabert pretrain --data target/session/corpus --config docs/session/tiny.json --split 1 --seq-length 32 --steps 4 --micro-batch-size 4 --learning-rate 1e-2 --output target/session/pretrained-order --json'
  section "Masked-LM loss and accuracy" \
    'megabert evaluate --data demo-model/evaluation/validation.safetensors' \
    'megabert evaluate --data demo-model/evaluation/validation.safetensors --json'
  section "What a model is" \
    'megabert inspect | head -n 12' \
    'megabert inspect --json | cut -c 1-160'
  section "Fetching" \
    'megabert pull --help' \
    'megabert pull bert-base-uncased'
  section "Converting" \
    'megabert convert $heads/MegatronBertForPreTraining target/session/halves --dtype bf16' \
    'megabert convert $heads/MegatronBertForPreTraining target/session/ranks --to megatron --json'
  section "Planning" \
    'megabert plan --config 3.9b --gpus 64' \
    'megabert plan --config 345m --gpus 0'
  section "Serving" \
    'megabert serve --help' \
    'megabert serve --port 65536' \
    'megabert serve --max-texts 10 --queue 9'
  section "What can compute here" \
    'megabert backends' \
    'megabert backends --json'
  section "Measuring" \
    'megabert bench --config mini --seq 64 --runs 5' \
    'megabert bench --config mini --seq 64 --runs 5 --json'
  section "Help" \
    'megabert --version' \
    'megabert fill-mask --help' \
    'megabert help backends' \
    'megabert man | head -n 12' \
    'megabert completion | head -n 4'
  section "When something is wrong" \
    'megabert fill-mask --model no/such/folder "a [MASK]"' \
    'megabert fill-mask --model docs "a [MASK]"' \
    'megabert fill-mask "nothing to fill"' \
    'megabert answer --model $models/zero_shot --vocab $words --question "Who?" --context "You."' \
    'megabert classify "What a wonderful hotel!"' \
    'megabert classify --model $models/text_classification "no vocabulary"' \
    'megabert classify --model $models/text_classification --vocab core/src/test/resources/fixtures/tokenizer/vocab.txt "another vocabulary"' \
    'megabert classify --model $models/text_classification --vocab $words --config $models/zero_shot/config.json "other labels"' \
    'megabert classify --model $models/text_classification --vocab $words --max-length 8 "This text is longer than eight tokens."' \
    'megabert classify --model $models/text_classification --vocab $words --max-length 8 --truncate "This text is longer than eight tokens."' \
    'megabert classify --model $models/text_classification --vocab $words' \
    'megabert classify --model $models/text_classification --vocab $words --max-length 9 < docs/session/lines.txt' \
    'megabert classify --model $models/text_classification --vocab $words --max-length 9 --json < docs/session/lines.txt' \
    'megabert generate --length-penalty 2 "the capital of"' \
    'megabert fill-mask --top-k 0 "a [MASK]"' \
    'megabert convert $heads/MegatronBertForPreTraining target/session/halves' \
    'megabert fill-mask --backend gpu "a [MASK]"' \
    'megabert classify --tokp 3 "text"' \
    'megabert clasify "text"' \
    'megabert finetune --task classify --train docs/session/train.tsv --early-stopping 2 --output target/session/none' \
    'megabert finetune --task classify --train docs/session/texts.txt --output target/session/none' \
    'megabert train-tokenizer --input docs/session/texts.txt --output target/session/none --vocab-size 32' \
    'megabert samples --data no/such/corpus --output target/session/none.safetensors' \
    'megabert samples --data target/session/corpus --documents 0:9 --output target/session/none.safetensors' \
    'megabert pretrain --data target/session/corpus --config mini --steps 4 --global-batch-size 33 --output target/session/none'
} >"$page"
