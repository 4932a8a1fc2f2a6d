"""What the page about the server tells: plain text, and nothing private: no paths, no tokens, no names of machines."""

import os
import platform
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version

import mnist_core
from mnist_core import process
from mnist_core.limits import Limits, limit_of
from mnist_core.text import count, decimal, duration
from ui import caches, run_name

PACKAGES = {"PyTorch": "torch", "torchvision": "torchvision", "Streamlit": "streamlit", "NumPy": "numpy"}
DEVICES = {"cpu": "the processor", "cuda": "the graphics card (CUDA)", "mps": "the graphics card (MPS)"}


def versions() -> dict[str, str]:
    """Return the versions of the app and of what it is made with."""
    return {"MNIST Lab": mnist_core.__version__, "Python": platform.python_version()} | {
        title: _version(package) for title, package in PACKAGES.items()
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def machine() -> dict[str, str]:
    """Return what the server computes with, and on which digits."""
    return {
        "Processor": f"{platform.machine()}, {count(os.cpu_count() or 1, 'core')}",
        "System": platform.system(),
        "Digits": "MNIST: 60,000 to train with, 10,000 to test with"
        if caches.dataset_status().ready
        else "scikit-learn’s 1,797 sample digits, until MNIST is here",
        "Networks kept here": f"{len(caches.runs()):,}",
    }


def activity() -> dict[str, str]:
    """Return what the server is doing now."""
    queue, memory = caches.queue(), caches.server_memory()
    training = [run_name.unique_run_label(run) for run in queue.training]
    facts = {
        "Training now": ", ".join(training) or "nothing",
        "In line": count(len(queue.waiting), "run") if queue.waiting else "nothing",
        "Networks are trained on": DEVICES.get(queue.device or "", "getting ready"),
        "Running for": duration(process.age()),
    }
    if memory is not None:
        facts["Memory"] = (
            f"{memory.total:,.0f} MB: {memory.pages:,.0f} for the pages, {memory.training:,.0f} for training"
        )
    return facts


def limits() -> dict[str, str]:
    """Return what each limit is about, and how much it allows here."""
    here = caches.limits()
    return {limit_of(field.name).text: _allowed(here, field.name) for field in fields(Limits)}


def _allowed(limits: Limits, name: str) -> str:
    value = limits.max_threads if name == "threads" else getattr(limits, name)
    return (
        f"{value:,}" if isinstance(value, int) and value else decimal(value) if value else "no\N{NO-BREAK SPACE}limit"
    )
