"""Times data-parallel training steps in PyTorch, with the shapes of TrainingCheck on each GPU:
torchrun --nproc-per-node 2 ddp.py [compiled] SHAPE ..."""

import os
import statistics
import sys
import time

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from transformers import MegatronBertConfig, MegatronBertForMaskedLM

WARM_UP_STEPS = 5
STEPS = 20

shapes = sys.argv[1:]
compiled = shapes[:1] == ["compiled"]
shapes = shapes[1:] if compiled else shapes
torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
dist.init_process_group("nccl")
ranks = dist.get_world_size()
torch.manual_seed(0)
config = MegatronBertConfig(hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1)


def lengths(shape):
    if shape == "ragged":
        return [16 + (i * 13 % 32) * 16 for i in range(32)]
    batch, length = map(int, shape.split("x"))
    return [length] * batch


def step(model, optimizer, inputs):
    with torch.autocast("cuda", torch.bfloat16):
        loss = model(**inputs).loss
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.item(), norm.item()


for shape in shapes:
    each = lengths(shape)
    ids = torch.randint(0, 29056, (len(each), max(each)), device="cuda")
    mask = torch.zeros_like(ids)
    labels = torch.full_like(ids, -100)
    for row, length in enumerate(each):
        mask[row, :length] = 1
        labels[row, :length:7] = ids[row, :length:7]
    inputs = {"input_ids": ids, "attention_mask": mask, "labels": labels}
    model = MegatronBertForMaskedLM(config).cuda().train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, weight_decay=0.01, fused=True)
    run = DistributedDataParallel(model, gradient_as_bucket_view=True)
    run = torch.compile(run) if compiled else run
    times = []
    for number in range(WARM_UP_STEPS + STEPS):
        dist.barrier()
        torch.cuda.synchronize()
        start = time.perf_counter()
        step(run, optimizer, inputs)
        torch.cuda.synchronize()
        if number >= WARM_UP_STEPS:
            times.append((time.perf_counter() - start) * 1e3)
    if dist.get_rank() == 0:
        median = statistics.median(times)
        tokens = ranks * sum(each) / median * 1e3
        mode = "compiled" if compiled else "eager"
        print(f"BF16 {shape:8} DDP of {ranks}, {mode:8} {median:8.2f} ms  {tokens:.0f} tokens/s", flush=True)
    del model, optimizer, run
    torch.cuda.empty_cache()
dist.destroy_process_group()
