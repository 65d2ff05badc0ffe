"""The contender on PyTorch.

Its compiler, Triton, and TensorFlow each bring their own build of LLVM, and a process that loads
both can crash. So neither TensorFlow nor Keras is imported here.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from petkeras.bench.steps import StepClock


def torch_loop(task, bfloat16=False, compiled=False, channels_last=True):
    """Train PyTorch's layers with its fused Adam, eager or compiled; return the `StepClock`."""
    torch.manual_seed(0)
    device = "cuda" if task.device == "gpu" else "cpu"
    if device == "cuda":  # TensorFlow does both by default
        torch.set_float32_matmul_precision("high")  # TF32
        torch.backends.cudnn.benchmark = True
    side = -(-task.image_size // 4)
    net = nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2, ceil_mode=True), nn.Dropout(0.8),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2, ceil_mode=True), nn.Dropout(0.8), nn.Flatten(),
        nn.Linear(side * side * 64, 512), nn.ReLU(), nn.Dropout(0.5), nn.Linear(512, 2),
    )  # fmt: skip
    layout = torch.channels_last if channels_last else torch.contiguous_format
    net = net.to(device, memory_format=layout).train()
    forward = torch.compile(net) if compiled else net
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-5, fused=True)
    (images, labels), clock = task.images(), StepClock()
    mean = images.mean(axis=0, dtype=np.float64).astype(np.float32)
    mean = torch.from_numpy(mean).to(device)
    for step in range(task.all_steps):
        batch = slice(step * task.batch_size, (step + 1) * task.batch_size)
        x = torch.from_numpy(images[batch]).to(device).float() - mean
        x = x.permute(0, 3, 1, 2).contiguous(memory_format=layout)
        y = torch.from_numpy(labels[batch].argmax(axis=1)).to(device)
        with torch.autocast(device, torch.bfloat16, enabled=bfloat16):
            logits = forward(x)
        loss = nn.functional.cross_entropy(logits.float(), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        float(loss.detach())
        clock.on_train_batch_end(step)
    return clock
