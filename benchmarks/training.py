"""Times steps of training a sequence classifier in PyTorch, beside TrainingSteps.

training.py [THREADS [CASE,...]]: the cases of TrainingSteps. Texts are padded to the longest.
"""
import sys
import time

import torch
from transformers import MegatronBertConfig, MegatronBertForSequenceClassification


def lengths(case):
    if "ragged" in case:
        return [5 + int(55 * (((b * 37 + 11) % 64) / 64) ** 3) for b in range(64)]
    return [128] * (16 if case.startswith("mini") else 8)


def measure(case):
    mini = case.startswith("mini")
    config = MegatronBertConfig(
        num_hidden_layers=6 if mini else 24,
        hidden_size=256 if mini else 1024,
        num_attention_heads=4 if mini else 16,
        intermediate_size=1024 if mini else 4096,
        vocab_size=8192 if mini else 29056,
        max_position_embeddings=128 if mini else 512,
    )
    model = MegatronBertForSequenceClassification(config).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5, weight_decay=0.01)
    counts = lengths(case)
    longest = max(counts)
    ids = torch.randint(1, config.vocab_size, (len(counts), longest))
    mask = torch.tensor([[1] * n + [0] * (longest - n) for n in counts])
    ids = ids * mask
    labels = torch.zeros(len(counts), dtype=torch.long)
    times = []
    begin = time.perf_counter()
    step = 0
    while len(times) < 200 and (len(times) < 5 or time.perf_counter() - begin < 20):
        start = time.perf_counter()
        optimizer.zero_grad()
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step >= (5 if mini else 2):
            times.append((time.perf_counter() - start) * 1000)
        else:
            begin = time.perf_counter()
        step += 1
    times.sort()
    return times


threads = int(sys.argv[1]) if len(sys.argv) > 1 else torch.get_num_threads()
torch.set_num_threads(threads)
for case in (sys.argv[2] if len(sys.argv) > 2 else "mini-ragged,mini-16x128,345m-8x128").split(","):
    times = measure(case)
    print(
        f"{case}, {threads} threads, PyTorch {torch.__version__}: median "
        f"{times[len(times) // 2]:.1f} ms, least {times[0]:.1f} ms of {len(times)} steps",
        flush=True,
    )
