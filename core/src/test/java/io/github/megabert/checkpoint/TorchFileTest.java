package io.github.megabert.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;

class TorchFileTest {
  @Test
  void pytorchFilesEqualTheirSafetensors() throws IOException {
    int tensors = 0;
    for (Path folder : Fixtures.foldersWith("pytorch_model.bin")) {
      try (NamedTensors torch = TorchStateDict.open(folder.resolve("pytorch_model.bin"));
          NamedTensors safe = Safetensors.open(folder.resolve("model.safetensors"))) {
        assertEquals(Set.copyOf(safe.names()), Set.copyOf(torch.names()));
        for (String name : safe.names()) {
          assertEquals(safe.dtype(name), torch.dtype(name), name);
          assertEquals(safe.shape(name), torch.shape(name), name);
          assertEquals(
              -1, safe.tensor(name).segment().mismatch(torch.tensor(name).segment()), name);
          assertTrue(torch.tensor(name).segment().isReadOnly(), "a view of the file");
          tensors++;
        }
      }
    }
    assertEquals(124, tensors);
  }

  @Test
  void theOlderFormatAndAFileInsideAZipOpen() throws IOException {
    for (String name :
        new String[] {
          "megatron_v0_zip_fp16/checkpoint.zip",
          "megatron_v1_pt/model_optim_rng.pt",
          "megatron_v2_args/model_optim_rng.pt",
          "megatron_v3_args_legacy/model_optim_rng.pt"
        }) {
      try (TorchFile file = TorchFile.open(Fixtures.transformers(name))) {
        assertEquals(2_000_000L, PickleValues.member(file.root(), "iteration"), name);
      }
    }
  }
}
