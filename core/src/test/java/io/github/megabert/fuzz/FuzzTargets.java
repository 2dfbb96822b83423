// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.fuzz;

import io.github.megabert.MegaBert;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.Fixtures;
import io.github.megabert.checkpoint.NamedTensors;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.checkpoint.SafetensorsWriter;
import io.github.megabert.checkpoint.Shards;
import io.github.megabert.checkpoint.megatron.MegatronCheckpoint;
import io.github.megabert.checkpoint.megatron.MegatronTrainingState;
import io.github.megabert.checkpoint.megatron.TarArchive;
import io.github.megabert.model.MegatronBert;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.model.TransformersForward;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.training.WordPieceOptions;
import io.github.megabert.tokenizer.training.WordPieceTrainer;
import io.github.megabert.train.data.DocumentReader;
import io.github.megabert.train.data.TrainingData;
import io.github.megabert.train.data.TrainingFixtures;
import io.github.megabert.train.data.indexed.IndexedDataset;
import io.github.megabert.train.data.samples.CausalSamples;
import io.github.megabert.train.data.samples.DocumentRange;
import io.github.megabert.train.data.samples.MaskedSamples;
import io.github.megabert.train.data.samples.SampleOptions;
import io.github.megabert.train.data.samples.WordPieces;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Every reader of the project. A new one is registered by one more line, here or in the lists that
 * {@link #all} joins: its name, its file, intact inputs, how they are damaged, and a method that
 * reads one to the end.
 */
final class FuzzTargets {
  private static final String SPECIAL = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  private static final String TEXT = "Hello world [MASK] fooé 中 un##believable 😀 extra [NEW] 12.";

  private static final Path MEGATRON_STATE =
      Path.of("src", "test", "resources", "fixtures", "training", "megatron_state");

  private FuzzTargets() {}

  static List<FuzzTarget> all() throws IOException {
    List<FuzzTarget> all = new ArrayList<>(ofModels());
    all.addAll(SettingsTargets.all());
    all.addAll(HubTargets.all());
    all.addAll(TrainingTargets.all());
    return all;
  }

  /** Checkpoints, configurations, tokenizers and tensors. */
  private static List<FuzzTarget> ofModels() throws IOException {
    byte[] config = fixture("MegatronBertModel/config.json");
    byte[] weights = fixture("MegatronBertModel/model.safetensors");
    byte[] vocabulary = vocabulary().getBytes(StandardCharsets.UTF_8);
    Map<String, byte[]> shards = shards();
    FuzzTarget index =
        FuzzTarget.alone(
            "safetensors-index",
            "model.safetensors.index.json",
            List.of(shards.remove("model.safetensors.index.json")),
            Mutations::json,
            FuzzTargets::openFolder);
    for (Map.Entry<String, byte[]> shard : shards.entrySet()) {
      index = index.beside(shard.getKey(), shard.getValue());
    }
    return List.of(
        FuzzTarget.alone(
                "safetensors",
                "model.safetensors",
                List.of(weights, fixture("act_gelu_new/model.safetensors")),
                Mutations::safetensors,
                FuzzTargets::openFolder)
            .beside("config.json", config),
        index,
        FuzzTarget.alone(
                "torch-state-dict",
                "pytorch_model.bin",
                List.of(fixture("MegatronBertModel/pytorch_model.bin")),
                Mutations::archive,
                FuzzTargets::openFolder)
            .beside("config.json", config),
        FuzzTarget.alone(
            "megatron-zip-format",
            "model_optim_rng.pt",
            List.of(fixture("megatron_v2_args/model_optim_rng.pt")),
            Mutations::archive,
            FuzzTargets::openMegatron),
        FuzzTarget.alone(
                "megatron-without-arguments",
                "model_optim_rng.pt",
                List.of(fixture("megatron_v1_pt/model_optim_rng.pt")),
                Mutations::archive,
                FuzzTargets::openMegatron)
            .beside("config.json", fixture("megatron_v1_pt/expected_config.json")),
        FuzzTarget.alone(
            "megatron-legacy-format",
            "model_optim_rng.pt",
            List.of(fixture("megatron_v3_args_legacy/model_optim_rng.pt")),
            Mutations::bytes,
            FuzzTargets::openMegatron),
        FuzzTarget.alone(
                "megatron-download",
                "checkpoint.zip",
                List.of(fixture("megatron_v0_zip_fp16/checkpoint.zip")),
                Mutations::archive,
                FuzzTargets::openMegatron)
            .beside("config.json", fixture("megatron_v0_zip_fp16/expected_config.json")),
        FuzzTarget.alone(
                "megatron-run",
                "run/latest_checkpointed_iteration.txt",
                List.of("100".getBytes(StandardCharsets.UTF_8)),
                Mutations::bytes,
                (folder, input) -> readAll(Checkpoint.open(folder.resolve("run"))))
            .beside(
                "run/iter_0000100/mp_rank_00/model_optim_rng.pt",
                fixture("megatron_v2_args/model_optim_rng.pt")),
        FuzzTarget.alone(
            "megatron-training-state",
            "model_optim_rng.pt",
            List.of(
                Files.readAllBytes(
                    MEGATRON_STATE.resolve(
                        "legacy_fp16/iter_0000005/mp_rank_00/model_optim_rng.pt"))),
            Mutations::archive,
            FuzzTargets::readTrainingState),
        FuzzTarget.alone(
            "nemo",
            "model.nemo",
            List.of(nemo()),
            Mutations::bytes,
            (folder, input) -> readAll(Checkpoint.open(input))),
        configuration("config", "MegatronBertModel"),
        configuration("config-of-labels", "MegatronBertForSequenceClassification"),
        FuzzTarget.alone(
            "vocabulary",
            "vocab.txt",
            List.of(vocabulary),
            Mutations::bytes,
            FuzzTargets::tokenize),
        FuzzTarget.alone(
            "tokenizer-json",
            "tokenizer.json",
            List.of(tokenizerJson().getBytes(StandardCharsets.UTF_8)),
            Mutations::json,
            FuzzTargets::tokenize),
        settings("tokenizer-config", "tokenizer_config.json", TOKENIZER_CONFIG, vocabulary),
        settings("added-tokens", "added_tokens.json", "{\"extra\": 14, \"[NEW]\": 13}", vocabulary),
        settings("special-tokens-map", "special_tokens_map.json", SPECIAL_TOKENS, vocabulary),
        FuzzTarget.alone(
            "corpus",
            "corpus.txt",
            List.of((TEXT + "\n").repeat(20).getBytes(StandardCharsets.UTF_8)),
            Mutations::bytes,
            (folder, input) ->
                new WordPieceTrainer(WordPieceOptions.DEFAULT).train(List.of(input)).tokenizer()),
        FuzzTarget.alone(
                "inputs",
                "inputs.safetensors",
                List.of(inputs()),
                Mutations::safetensors,
                FuzzTargets::forward)
            .beside("config.json", config)
            .beside("model.safetensors", weights),
        FuzzTarget.alone(
                "corpus-index",
                "corpus.idx",
                List.of(corpus("text_sentence.idx")),
                Mutations::bytes,
                FuzzTargets::drawSamples)
            .beside("corpus.bin", corpus("text_sentence.bin")),
        FuzzTarget.alone(
                "corpus-data",
                "corpus.bin",
                List.of(corpus("text_sentence.bin")),
                Mutations::bytes,
                FuzzTargets::drawSamples)
            .beside("corpus.idx", corpus("text_sentence.idx")),
        FuzzTarget.alone(
            "documents",
            "documents.txt",
            List.of("A line.\nAnother é 中.\n\nA document.\n".getBytes(StandardCharsets.UTF_8)),
            Mutations::bytes,
            FuzzTargets::readDocuments),
        FuzzTarget.alone(
            "json-documents",
            "documents.jsonl",
            List.of(
                "{\"text\": \"A line.\\nAnother.\"}\n{\"text\": [\"One\", \"two\"], \"id\": 7}\n"
                    .getBytes(StandardCharsets.UTF_8)),
            Mutations::json,
            FuzzTargets::readDocuments));
  }

  private static final String TOKENIZER_CONFIG =
      """
      {"do_lower_case": true, "strip_accents": null, "tokenize_chinese_chars": true,
       "model_max_length": 512, "unk_token": "[UNK]", "mask_token": {"content": "[MASK]"},
       "tokenizer_class": "BertTokenizer", "clean_up_tokenization_spaces": true,
       "additional_special_tokens": ["[NEW]"],
       "added_tokens_decoder": {"4": {"content": "[MASK]", "lstrip": true, "special": true},
        "13": {"content": "extra", "rstrip": false, "single_word": true, "normalized": true}}}
      """;

  private static final String SPECIAL_TOKENS =
      """
      {"cls_token": "[CLS]", "mask_token": {"content": "[MASK]", "lstrip": true},
       "pad_token": "[PAD]", "sep_token": "[SEP]", "unk_token": "[UNK]",
       "additional_special_tokens": ["[NEW]"]}
      """;

  private static FuzzTarget configuration(String name, String model) throws IOException {
    return FuzzTarget.alone(
            name,
            "config.json",
            List.of(fixture(model + "/config.json")),
            Mutations::json,
            FuzzTargets::load)
        .beside("model.safetensors", fixture(model + "/model.safetensors"));
  }

  private static FuzzTarget settings(String name, String file, String json, byte[] vocabulary) {
    return FuzzTarget.alone(
            name,
            file,
            List.of(json.getBytes(StandardCharsets.UTF_8)),
            Mutations::json,
            FuzzTargets::tokenize)
        .beside("vocab.txt", vocabulary);
  }

  private static String vocabulary() {
    return SPECIAL + "hello\nworld\nfoo\n##e\nun\n##believable\n中\n.\n";
  }

  private static String tokenizerJson() {
    StringBuilder vocab = new StringBuilder();
    List<String> tokens = vocabulary().lines().toList();
    for (int id = 0; id < tokens.size(); id++) {
      vocab.append(id == 0 ? "" : ", ").append("\"" + tokens.get(id) + "\": " + id);
    }
    return """
    {"version": "1.0", "truncation": null, "padding": null,
     "added_tokens": [
      {"id": 0, "content": "[PAD]", "single_word": false, "lstrip": false, "rstrip": false,
       "normalized": false, "special": true},
      {"id": 4, "content": "[MASK]", "lstrip": true, "special": true},
      {"id": 13, "content": "extra", "normalized": true}],
     "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
      "strip_accents": null, "lowercase": true},
     "pre_tokenizer": {"type": "BertPreTokenizer"},
     "post_processor": {"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
       {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
      "pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
       {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
       {"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": "[SEP]", "type_id": 1}}],
      "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
       "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
     "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
     "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
      "max_input_chars_per_word": 100, "vocab": {VOCAB}}}
    """
        .replace("VOCAB", vocab);
  }

  private static byte[] corpus(String name) throws IOException {
    return Files.readAllBytes(TrainingFixtures.file("megatron_data/" + name));
  }

  private static byte[] fixture(String name) throws IOException {
    return Files.readAllBytes(Fixtures.transformers(name));
  }

  /** A model in several files with their index, by name. */
  private static Map<String, byte[]> shards() throws IOException {
    Path parent = Files.createTempDirectory("megabert-fuzz");
    Path folder = parent.resolve("sharded");
    try (Checkpoint checkpoint = Checkpoint.open(Fixtures.transformers("MegatronBertModel"))) {
      Shards.write(checkpoint, folder, 120_000);
    }
    Map<String, byte[]> files = new LinkedHashMap<>();
    try (var all = Files.list(folder)) {
      for (Path file : all.sorted().toList()) {
        files.put(file.getFileName().toString(), Files.readAllBytes(file));
        Files.delete(file);
      }
    }
    Files.delete(folder);
    Files.delete(parent);
    return files;
  }

  /** The inputs of the first case, under their own names. */
  private static byte[] inputs() throws IOException {
    Path file = Files.createTempFile("megabert-fuzz", ".safetensors");
    try (Safetensors cases =
        Safetensors.open(Fixtures.transformers("MegatronBertModel/cases.safetensors"))) {
      Map<String, Tensor> inputs = new LinkedHashMap<>();
      for (String name : List.of("input_ids", "attention_mask", "token_type_ids")) {
        inputs.put(name, cases.tensor("case0." + name));
      }
      SafetensorsWriter.write(file, inputs);
      return Files.readAllBytes(file);
    } finally {
      Files.delete(file);
    }
  }

  private static void openFolder(Path folder, Path input) throws IOException {
    readAll(Checkpoint.open(folder));
  }

  private static void openMegatron(Path folder, Path input) throws IOException {
    Path config = folder.resolve("config.json");
    readAll(Checkpoint.open(input, Files.exists(config) ? config : null));
  }

  private static byte[] nemo() throws IOException {
    String settings = "num_attention_heads: 4\ntransformer_block_type: pre_ln\n";
    Map<String, byte[]> members = new LinkedHashMap<>();
    members.put("./model_config.yaml", settings.getBytes(StandardCharsets.UTF_8));
    members.put("./model_weights.ckpt", fixture("megatron_v2_args/model_optim_rng.pt"));
    return TarArchive.of(members);
  }

  private static void readTrainingState(Path folder, Path input) throws IOException {
    try (MegatronCheckpoint checkpoint = (MegatronCheckpoint) Checkpoint.open(input)) {
      MegatronTrainingState state = checkpoint.trainingState();
      for (NamedTensors tensors : new NamedTensors[] {state.moments(), state.masters()}) {
        if (tensors != null) {
          for (String name : tensors.names()) {
            try (Arena arena = Arena.ofConfined()) {
              tensors.tensor(name, arena).toFloatArray();
            }
          }
        }
      }
    }
  }

  private static void readAll(Checkpoint checkpoint) throws IOException {
    try (NamedTensors tensors = checkpoint) {
      checkpoint.config();
      for (String name : tensors.names()) {
        try (Arena arena = Arena.ofConfined()) {
          Tensor tensor = tensors.tensor(name, arena);
          for (long i = 0; i < Math.min(4, tensor.elements()); i++) {
            tensor.segment().get(ValueLayout.JAVA_BYTE, i);
          }
        }
      }
    }
  }

  private static void load(Path folder, Path input) throws IOException {
    try (MegaBert bert = MegaBert.builder().backend("scalar").load(folder)) {
      bert.tasks();
      bert.maxLength();
      bert.config().toJson();
      bert.config().padTokenId();
      bert.config().eosTokenId();
      bert.model();
    }
  }

  private static void tokenize(Path folder, Path input) throws IOException {
    BertTokenizer tokenizer = BertTokenizer.load(folder);
    tokenizer.decode(tokenizer.encode(TEXT).ids(), true);
    tokenizer.decode(new int[] {0, 1, 2, 13, 14, 1 << 20}, false);
  }

  private static void forward(Path folder, Path input) throws IOException {
    try (MegaBert bert = MegaBert.builder().backend("scalar").load(folder);
        Safetensors tensors = Safetensors.open(input)) {
      MegatronBert model = bert.model();
      Map<String, Tensor> inputs = new LinkedHashMap<>();
      for (String name : tensors.names()) {
        inputs.put(name, tensors.tensor(name));
      }
      TransformersForward.run(model, inputs, OutputOptions.NONE);
    }
  }

  /** Every token, and samples of both kinds; other numbers than the vocabulary's are refused. */
  private static void drawSamples(Path folder, Path input) throws IOException {
    try (IndexedDataset data = IndexedDataset.open(folder.resolve("corpus"))) {
      for (int sequence = 0; sequence < data.sequences(); sequence++) {
        data.read(sequence);
      }
      DocumentRange documents = DocumentRange.all(data);
      WordPieces pieces = new WordPieces(TrainingFixtures.tokenizer());
      MaskedSamples masked = MaskedSamples.of(data, pieces, documents, SampleOptions.DEFAULT, 0);
      CausalSamples causal = CausalSamples.of(data, 8192, documents, 1, 8, 0);
      for (int i = 0; i < Math.min(8, masked.size()); i++) {
        masked.sample(i);
        causal.sample(Math.min(i, causal.size() - 1));
      }
    }
  }

  private static void readDocuments(Path folder, Path input) throws IOException {
    try (DocumentReader documents = TrainingData.documents(input, "text")) {
      while (documents.read() != null) {
        documents.bytes();
      }
    }
  }
}
