"""Times MegatronBertForSequenceClassification in transformers, with the shapes of DeviceCheck."""

import statistics
import sys
import time

import torch
from transformers import MegatronBertConfig, MegatronBertForSequenceClassification

WARM_UP_CALLS = 400
WARM_UP_SECONDS = 5

precision, *shapes = sys.argv[1:]
dtype = {"F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32, "TF32": torch.float32}[precision]
torch.backends.cuda.matmul.allow_tf32 = precision == "TF32"
torch.manual_seed(0)
# transformers 5.17 has no scaled_dot_product_attention for this model: its own eager attention it is.
config = MegatronBertConfig(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
model = MegatronBertForSequenceClassification(config)
model = model.eval().to("cuda", dtype)
print(torch.cuda.get_device_name(), "PyTorch", torch.__version__, "attention", model.config._attn_implementation, flush=True)


def lengths(shape):
    if shape == "ragged":
        return [16 + (i * 13 % 32) * 16 for i in range(32)]
    batch, length = map(int, shape.split("x"))
    return [length] * batch


def median(call, repeats):
    """Milliseconds of a call, after the warm-up that DeviceCheck gives: a card that has been busy is slower."""
    start = time.perf_counter()
    calls = 0
    while calls < WARM_UP_CALLS or time.perf_counter() - start < WARM_UP_SECONDS:
        call()
        torch.cuda.synchronize()
        calls += 1
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


for shape in shapes:
    each = lengths(shape)
    ids = torch.randint(0, 29056, (len(each), max(each)), device="cuda")
    mask = torch.zeros_like(ids)
    for row, length in enumerate(each):
        mask[row, :length] = 1
    inputs = {"input_ids": ids, "attention_mask": mask} if shape == "ragged" else {"input_ids": ids}
    repeats = 20 if ids.numel() > 10000 else 60
    with torch.inference_mode():
        eager = median(lambda: model(**inputs).logits, repeats)
        torch._dynamo.reset()
        compiled_model = torch.compile(model, mode="reduce-overhead")
        compiled = median(lambda: compiled_model(**inputs).logits, repeats)
    print(f"{precision:4} {shape:8} eager {eager:8.3f} ms  compiled {compiled:8.3f} ms", flush=True)
