"""The same networks in PyTorch, from `transformers` and `timm` or written out, with random weights, on the GPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


def build(name: str, compiled: bool) -> Callable[[], Any] | None:
    """A call of the network called `name` on inputs on the GPU; None if there is none."""
    maker = {"bert": _bert, "gpt2": _gpt2, "resnet50": _resnet50}.get(name)
    if maker is None and not name.startswith("matmul_"):
        return None
    module, arguments = maker() if maker else _product(getattr(torch, name.removeprefix("matmul_")))
    if isinstance(module, torch.nn.Module):
        module = module.eval().cuda()
    if compiled:
        module = torch.compile(module, mode="reduce-overhead")

    @torch.inference_mode()
    def call() -> Any:
        return module(**arguments)

    return call


def _product(dtype: torch.dtype) -> tuple[Any, dict[str, Any]]:
    a, b = (torch.randn(4096, 4096, device="cuda").to(dtype) for _ in range(2))
    return (lambda a, b: a @ b), {"a": a, "b": b}


def _bert() -> tuple[Any, dict[str, Any]]:
    from transformers import BertConfig, BertModel

    ids = torch.randint(0, 30522, (1, 128), device="cuda")
    return BertModel(BertConfig(), add_pooling_layer=False), {"input_ids": ids}


def _gpt2() -> tuple[Any, dict[str, Any]]:
    from transformers import GPT2Config, GPT2LMHeadModel
    from transformers.cache_utils import DynamicCache

    model = GPT2LMHeadModel(GPT2Config())

    class Step(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, token: torch.Tensor, past: torch.Tensor) -> torch.Tensor:
            cache = DynamicCache()
            for layer in range(12):
                cache.update(past[layer, 0][None], past[layer, 1][None], layer)
            return self.model(input_ids=token, past_key_values=cache, use_cache=True).logits

    token = torch.randint(0, 50257, (1, 1), device="cuda")
    return Step(), {"token": token, "past": torch.randn(12, 2, 12, 512, 64, device="cuda")}


def _resnet50() -> tuple[Any, dict[str, Any]]:
    from torchvision.models import resnet50

    model = resnet50().to(memory_format=torch.channels_last)
    image = torch.randn(1, 3, 224, 224, device="cuda").to(memory_format=torch.channels_last)
    return model, {"x": image}
