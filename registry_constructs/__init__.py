"""AWS CDK constructs for Amazon ECR.

`__init__.pyi` lists the public names. Each loads on first use, so that the plain Python parts (lifecycle
policies, the command line) start without the CDK and its Node process.
"""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path


def _public_names() -> dict[str, str]:
    """The module of each public name."""
    listed = ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")).body
    imports = [node for node in listed if isinstance(node, ast.ImportFrom)]
    return {name.name: str(node.module) for node in imports for name in node.names}


_MODULES = _public_names()
__all__ = sorted(_MODULES)  # noqa: PLE0605 - the names are in the stub


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from registry_constructs.installation import naming_the_extra  # noqa: PLC0415 - where a name is used

    with naming_the_extra():
        return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return __all__
