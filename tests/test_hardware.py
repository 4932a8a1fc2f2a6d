"""Training uses what the machine has, and leaves torch's state as it was."""

from contextlib import suppress

import pytest
import torch

from mnist_core.config import DEVICES, ConfigError
from mnist_core.hardware import bf16_is_faster, choose_device, num_threads, seeded
from mnist_core.models import build

AVAILABLE = {"auto": True, "cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}


def test_every_device_of_the_settings_is_known():
    assert set(AVAILABLE) == set(DEVICES)


@pytest.mark.parametrize("name", [name for name, available in AVAILABLE.items() if not available])
def test_a_device_that_this_machine_lacks_is_rejected_in_a_sentence(name):
    with pytest.raises(ConfigError, match=f"device must be .*, got '{name}'; use cpu here"):
        choose_device(name)


@pytest.mark.parametrize("name", [name for name, available in AVAILABLE.items() if available])
def test_a_device_that_this_machine_has_can_be_used(name):
    assert torch.zeros(1, device=choose_device(name)).item() == 0


def test_the_number_of_threads_holds_inside_the_block_only(two_threads):
    with suppress(KeyError), num_threads(1):
        assert torch.get_num_threads() == 1
        raise KeyError
    assert torch.get_num_threads() == 2


def test_a_seed_holds_inside_the_block_only():
    before = torch.get_rng_state()
    with suppress(KeyError), seeded(5):
        assert torch.initial_seed() == 5
        first = torch.rand(3)
        raise KeyError
    assert torch.equal(torch.get_rng_state(), before)
    with seeded(5):
        assert torch.equal(torch.rand(3), first)


@pytest.mark.parametrize("architecture", ["softmax", "lenet-5"])
def test_networks_without_wide_convolutions_train_in_float32_on_a_cpu(architecture):
    assert not bf16_is_faster(build(architecture), torch.device("cpu"))


@pytest.mark.parametrize("capability", ["avx512_bf16", "amx_bf16"])
def test_wide_convolutions_train_in_bfloat16_where_the_cpu_computes_in_it(capability, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {capability: True})
    assert bf16_is_faster(build("two-block-cnn"), torch.device("cpu"))
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {})
    assert not bf16_is_faster(build("two-block-cnn"), torch.device("cpu"))
