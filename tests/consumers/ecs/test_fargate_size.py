"""Fargate's sizes, against the table of the ECS Developer Guide written in another way."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_constructs import InvalidInputError
from registry_constructs.consumers.ecs.fargate_size import SIZES, check_size

GUIDE = """
256 512 1024 2048
512 1024..4096/1024
1024 2048..8192/1024
2048 4096..16384/1024
4096 8192..30720/1024
8192 16384..61440/4096
16384 32768..122880/8192
"""


def guide() -> dict[int, set[int]]:
    sizes = {}
    for line in GUIDE.split("\n")[1:-1]:
        cpu, *memories = line.split()
        bounds = re.fullmatch(r"(\d+)\.\.(\d+)/(\d+)", memories[0])
        if bounds:
            first, last, step = map(int, bounds.groups())
            sizes[int(cpu)] = set(range(first, last + step, step))
        else:
            sizes[int(cpu)] = set(map(int, memories))
    return sizes


@pytest.mark.parametrize("cpu", guide())
def test_the_table_is_that_of_the_guide(cpu: int) -> None:
    assert set(SIZES[cpu]) == guide()[cpu]
    for memory in SIZES[cpu]:
        check_size(cpu, memory)


@given(cpu=st.sampled_from(sorted(SIZES)), memory=st.integers(1, 131_072))
def test_every_other_memory_is_refused_with_one_that_fits(cpu: int, memory: int) -> None:
    if memory in guide()[cpu]:
        check_size(cpu, memory)
        return
    with pytest.raises(InvalidInputError) as caught:
        check_size(cpu, memory)
    [better] = re.findall(r"memory_limit_mib=(\d+)", caught.value.fix)
    check_size(cpu, int(better))


@pytest.mark.parametrize(
    ("cpu", "memory", "allowed"),
    [
        (256, 4096, "512, 1024, 2048 MiB"),
        (512, 512, "1024 to 4096 MiB in steps of 1024"),
        (4096, 8193, "8192 to 30720 MiB in steps of 1024"),
        (8192, 17408, "16384 to 61440 MiB in steps of 4096"),
        (16384, 30720, "32768 to 122880 MiB in steps of 8192"),
    ],
)
def test_the_error_names_the_memories_of_that_cpu(cpu: int, memory: int, allowed: str) -> None:
    with pytest.raises(
        InvalidInputError, match=f"Fargate doesn't support this memory with {cpu} CPU units"
    ) as caught:
        check_size(cpu, memory)
    assert caught.value.allowed == allowed


@pytest.mark.parametrize("cpu", [0, 1, 128, 1000, 32768])
def test_a_cpu_that_is_not_offered_is_refused(cpu: int) -> None:
    with pytest.raises(InvalidInputError, match="256, 512, 1024, 2048, 4096, 8192, 16384 CPU units"):
        check_size(cpu, 2048)


def test_tokens_pass() -> None:
    token = -1.8881545897087626e289
    check_size(int(token), 1)
    check_size(256, int(token))
