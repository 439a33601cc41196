"""The package as a whole: what its import costs, and that every public name loads."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module

import pytest

import registry_constructs

pytestmark = pytest.mark.deploy


HEAVY = {"aws_cdk", "boto3", "botocore", "constructs", "jsii", "ministack", "pydantic"}


def modules_after(statement: str) -> set[str]:
    """The modules that a fresh Python has loaded after one statement."""
    program = f"import sys; {statement}; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return set(shown.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import registry_constructs",
        "import registry_constructs.ecr.lifecycle",
        "from registry_constructs import LifecyclePolicy, LifecycleRule, presets, InvalidInputError",
        "import registry_constructs.ecr.limits, registry_constructs.ecr.names",
        "import registry_constructs.local.pytest_plugin",
    ],
)
def test_plain_python_parts_load_neither_the_cdk_nor_boto3(statement: str) -> None:
    assert modules_after(statement) & HEAVY == set()


def test_a_construct_loads_the_cdk_on_first_use() -> None:
    loaded = modules_after("import registry_constructs; registry_constructs.Repository")
    assert {"aws_cdk", "jsii"} <= loaded


def test_every_public_name_loads_and_is_listed() -> None:
    assert dir(registry_constructs) == sorted(vars(registry_constructs)["__all__"])
    for name in vars(registry_constructs)["__all__"]:
        assert getattr(registry_constructs, name).__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Repositoy'"):
        getattr(import_module("registry_constructs"), "Repositoy")  # noqa: B009


WITHOUT_EXTRAS = """
import json, sys
from registry_constructs.installation import EXTRAS
for package in EXTRAS:
    sys.modules[package] = None
import registry_constructs
missing = {}
for name in vars(registry_constructs)["__all__"]:
    try:
        getattr(registry_constructs, name)
    except registry_constructs.MissingExtraError as error:
        missing[name] = str(error)
print(json.dumps(missing))
"""


def test_constructs_need_no_extra_and_what_does_names_it() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_EXTRAS], check=True, capture_output=True, text=True)
    missing = json.loads(done.stdout)
    assert missing.keys() == {"Catalog", "RegistryStackSet"}
    assert "extra organization" in missing["RegistryStackSet"]
    assert all("\n" not in text and "pip install" in text for text in missing.values())
