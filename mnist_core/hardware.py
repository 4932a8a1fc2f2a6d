"""Devices, threads, number formats and memory."""

import contextlib
import ctypes
import os
from collections.abc import Iterator

import torch
from torch import nn

from mnist_core.config import ConfigError


def choose_device(name: str) -> torch.device:
    """Return the device "cpu", "cuda" or "mps", or for "auto" the fastest of this machine.

    Raises ConfigError when this machine has no such device.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(device for device, is_available in available.items() if is_available))
    if not available.get(name):
        raise ConfigError(f"device must be auto or one that this machine has, got {name!r}; use cpu here")
    return torch.device(name)


@contextlib.contextmanager
def num_threads(count: int) -> Iterator[None]:
    """Let torch use this many CPU threads, at most one a core, inside the `with` block; after it, as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(min(count, os.cpu_count() or 1))
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch's random generators inside the `with` block, and restore their state after it."""
    in_use = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    with torch.random.fork_rng(range(torch.cuda.device_count()) if in_use else []):
        torch.manual_seed(seed)
        yield


def random_state(device: torch.device) -> dict[str, torch.Tensor]:
    """Return the state of torch's random generator, uint8 (N,), under "cpu", and that of a GPU under its kind."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    if device.type == "mps":
        states["mps"] = torch.mps.get_rng_state()
    return states


def set_random_state(states: dict[str, torch.Tensor]) -> None:
    """Set what `random_state` returned. Raises RuntimeError when it is not the state of such a generator."""
    setters = {"cpu": torch.set_rng_state, "cuda": torch.cuda.set_rng_state, "mps": torch.mps.set_rng_state}
    for kind, state in states.items():
        setters[kind](state)


def keep_freed_memory() -> None:
    """Let the C library keep freed memory for the next batch instead of returning it to the system.

    With batches of 256 the feature maps of a convolution are so large that glibc returns them after every use. Keeping
    them makes an epoch 1.3 to 1.7 times as fast. Lasts until the process ends; does nothing where there is no glibc.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(-3, 1 << 30)  # M_MMAP_THRESHOLD, as in glibc's malloc.h
        mallopt(-1, (1 << 31) - 1)  # M_TRIM_THRESHOLD


def bf16_is_faster(model: nn.Module, device: torch.device) -> bool:
    """Return whether training this model is faster in bfloat16 than in float32.

    On a GPU it is where the hardware computes in it. On a CPU the network must also convolve 16 or more channels.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    capabilities = torch.cpu.get_capabilities()
    has_wide_convolution = any(isinstance(layer, nn.Conv2d) and layer.in_channels >= 16 for layer in model.modules())
    return has_wide_convolution and bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
