from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.deploy
def test_importing_loads_neither_the_cdk_nor_boto3() -> None:
    code = (
        "import sys, registry_constructs.ecr.lifecycle;"
        "print({name.partition('.')[0] for name in sys.modules} & {'aws_cdk', 'jsii', 'boto3', 'constructs'})"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
