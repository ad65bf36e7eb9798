"""Make ``litert_torch_tiny.tflite`` and its expected answer: a PyTorch network by litert-torch.

Not part of the tests, which only read the files: it needs an environment of its own with
``pip install torch litert-torch`` (made with torch 2.13.0, litert-torch 0.10.0). Run it as
``python tests/data/make_litert_torch.py``.
"""

from __future__ import annotations

from pathlib import Path

import litert_torch
import numpy as np
import torch
from torch import nn

HERE = Path(__file__).parent


class Tiny(nn.Module):
    """What edge networks are made of: convolution, batch norm, hard-swish, depthwise, dense."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(8),
            nn.Hardswish(),
            nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU6(),
            nn.Conv2d(8, 16, 1),
            nn.Hardswish(),
        )
        self.head = nn.Linear(16, 5)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(image).mean(dim=(2, 3)))


def main() -> None:
    """Write both files beside this script."""
    torch.manual_seed(0)
    model = Tiny().eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.2)
            nn.init.normal_(module.running_mean, std=0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    image = torch.randn(1, 3, 24, 24)
    litert_torch.convert(model, (image,)).export(str(HERE / "litert_torch_tiny.tflite"))
    with torch.no_grad():
        logits = model(image)
    np.savez(HERE / "litert_torch_tiny.npz", image=image.numpy(), logits=logits.numpy())


if __name__ == "__main__":
    main()
