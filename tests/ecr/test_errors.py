"""The tree of errors, as its file draws it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import registry_constructs
from registry_constructs.ecr import errors


def below(kind: type[object], depth: int = 0) -> Iterator[tuple[int, str]]:
    yield depth, kind.__name__
    subclasses: list[type[object]] = kind.__subclasses__()
    for one in subclasses:
        yield from below(one, depth + 1)


def test_the_tree_is_drawn_as_it_is() -> None:
    for room in ("catalog.problems", "live.inventory", "live.live_repositories", "local.errors"):
        importlib.import_module(f"registry_constructs.{room}")
    drawn = set()
    for line in (errors.__doc__ or "").splitlines():
        head, _, rest = line[4:].rpartition("── ")
        name = rest.partition(" ")[0]
        if line.startswith("    ") and name.endswith("Error"):
            drawn.add((len(head) // 4 + 1 if head else 0, name))
    assert drawn == set(below(errors.RegistryConstructsError))


def test_every_error_in_the_package_that_is_not_in_the_tree_is_internal() -> None:
    """Errors of Lambda code, and those that are caught where they are raised."""
    found = set()
    for module in pkgutil.walk_packages(registry_constructs.__path__, "registry_constructs."):
        if ".handler" in module.name or ".emulator" in module.name or module.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, type) and issubclass(value, Exception) and value.__module__ == module.name:
                found.add((name, issubclass(value, errors.RegistryConstructsError)))
    internal = {name for name, in_tree in found if not in_tree}
    assert internal == {"AnswerError", "KubectlError", "Stopped", "UnknownValueError", "_ChangedError"}
