"""Task sizes of Fargate: the memory values that each CPU value supports. Plain Python."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token

GIB: Final = 1_024

SIZES: Final[Mapping[int, tuple[int, ...]]] = MappingProxyType(
    {
        256: (512, GIB, 2 * GIB),
        512: tuple(range(GIB, 4 * GIB + 1, GIB)),
        1_024: tuple(range(2 * GIB, 8 * GIB + 1, GIB)),
        2_048: tuple(range(4 * GIB, 16 * GIB + 1, GIB)),
        4_096: tuple(range(8 * GIB, 30 * GIB + 1, GIB)),
        8_192: tuple(range(16 * GIB, 60 * GIB + 1, 4 * GIB)),
        16_384: tuple(range(32 * GIB, 120 * GIB + 1, 8 * GIB)),
    }
)
"""MiB of memory by CPU units for Linux; 1,024 are a vCPU (ECS Developer Guide, task-cpu-memory-error)."""


def check_size(cpu: int, memory: int) -> None:
    """Check that Fargate supports a task's CPU and memory.

    Args:
        cpu: CPU units; 1,024 are one vCPU. A token passes, with any memory.
        memory: Memory in MiB. A token passes.

    Raises:
        InvalidInputError: If Fargate doesn't support this CPU, or this memory with it.
    """
    if is_token(cpu):
        return
    if cpu not in SIZES:
        raise InvalidInputError(
            "Fargate doesn't support this CPU value",
            got=cpu,
            allowed=f"{', '.join(map(str, SIZES))} CPU units; 1024 units are one vCPU",
            fix="use the next larger value",
        )
    memories = SIZES[cpu]
    if not is_token(memory) and memory not in memories:
        larger = next((size for size in memories if size > memory), memories[-1])
        raise InvalidInputError(
            f"Fargate doesn't support this memory with {cpu} CPU units",
            got=memory,
            allowed=_as_text(memories),
            fix=f"write memory_limit_mib={larger}, or use another cpu",
        )


def _as_text(memories: tuple[int, ...]) -> str:
    first, second, *others = memories
    steps = {later - earlier for earlier, later in itertools.pairwise(memories)}
    if not others or len(steps) > 1:
        return f"{', '.join(map(str, memories))} MiB"
    return f"{first} to {memories[-1]} MiB in steps of {second - first}"
