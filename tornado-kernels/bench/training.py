"""Times training steps of MegatronBertForMaskedLM in transformers, with the shapes of TrainingCheck."""

import statistics
import sys
import time

import torch
from transformers import MegatronBertConfig, MegatronBertForMaskedLM

WARM_UP_STEPS = 5
SECONDS = 5

precision, *shapes = sys.argv[1:]
torch.backends.cuda.matmul.allow_tf32 = precision == "TF32"
torch.manual_seed(0)
config = MegatronBertConfig(hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1)
print(torch.cuda.get_device_name(), "PyTorch", torch.__version__, flush=True)


def lengths(shape):
    if shape == "ragged":
        return [16 + (i * 13 % 32) * 16 for i in range(32)]
    batch, length = map(int, shape.split("x"))
    return [length] * batch


def step(model, optimizer, inputs):
    with torch.autocast("cuda", torch.bfloat16, enabled=precision == "BF16"):
        loss = model(**inputs).loss
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.item(), norm.item()


def median(model, optimizer, inputs):
    for _ in range(WARM_UP_STEPS):
        step(model, optimizer, inputs)
    torch.cuda.synchronize()
    times = []
    begin = time.perf_counter()
    while time.perf_counter() - begin < SECONDS or len(times) < 5:
        start = time.perf_counter()
        step(model, optimizer, inputs)
        torch.cuda.synchronize()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


for shape in shapes:
    each = lengths(shape)
    ids = torch.randint(0, 29056, (len(each), max(each)), device="cuda")
    mask = torch.zeros_like(ids)
    labels = torch.full_like(ids, -100)
    for row, length in enumerate(each):
        mask[row, :length] = 1
        labels[row, :length:7] = ids[row, :length:7]
    inputs = {"input_ids": ids, "attention_mask": mask, "labels": labels}
    for mode in ("eager", "compiled"):
        torch._dynamo.reset()
        model = MegatronBertForMaskedLM(config).cuda().train()
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, weight_decay=0.01, fused=True)
        run = torch.compile(model) if mode == "compiled" else model
        milliseconds = median(run, optimizer, inputs)
        print(f"{precision:4} {shape:8} {mode:8} {milliseconds:8.2f} ms  {sum(each) / milliseconds * 1e3:.0f} tokens/s", flush=True)
        del model, optimizer, run
        torch.cuda.empty_cache()
