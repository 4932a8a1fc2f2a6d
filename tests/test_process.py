"""What the operating system says of a process."""

import mmap
import os
import sys

import pytest

from mnist_core import process

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells")


@on_linux
def test_memory_grows_by_what_is_allocated():
    before = process.memory(os.getpid())
    block = mmap.mmap(-1, 50_000_000)  # not from the memory that earlier tests gave back
    block[:: mmap.PAGESIZE] = bytes(len(block[:: mmap.PAGESIZE]))  # a page counts once something is written to it
    assert 45e6 < process.memory(os.getpid()) - before < 60e6
    block.close()


def test_the_memory_of_a_process_that_is_gone_is_unknown():
    assert process.memory(2**22 + 1) is None


def test_a_process_gets_older():
    first = process.age()
    assert 0 <= first <= process.age() < 86_400


@on_linux
def test_the_age_counts_from_the_beginning_of_the_process(python):
    code = "import time; time.sleep(0.5); from mnist_core import process; print(process.age())"
    assert 0.4 < float(python(code)) < 60


@on_linux
def test_freed_memory_goes_back_to_the_system():
    kept = [
        b"1" * 100_000 for _ in range(600)
    ]  # small enough for the heap, from which only its end goes back by itself
    last = kept.pop()
    full = process.memory(os.getpid())
    kept.clear()
    process.give_back_memory()
    assert full - process.memory(os.getpid()) > 40e6
    assert len(last) == 100_000
