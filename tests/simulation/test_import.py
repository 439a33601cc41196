from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.deploy


HEAVY = {"aws_cdk", "jsii", "boto3", "botocore", "constructs", "rich", "typer", "pydantic"}


def test_importing_loads_only_the_standard_library() -> None:
    code = (
        "import pkgutil, sys, registry_constructs.simulation as room;"
        "[__import__(f'{room.__name__}.{found.name}') for found in pkgutil.iter_modules(room.__path__)];"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(result.stdout.split()) & HEAVY == set()
