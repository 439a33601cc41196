"""The fixture `local_aws`, as a project that only installed the library has it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("boto3", "botocore", "ministack", "oras", "aws_cdk", "jsii", "typer", "rich")


@pytest.mark.deploy
def test_the_plugin_imports_nothing_heavy() -> None:
    check = f"print([name for name in {HEAVY} if name in sys.modules])"
    code = f"import sys, registry_constructs.local.pytest_plugin; {check}"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )


@pytest.mark.deploy
def test_a_project_gets_an_aws_and_the_log_of_a_failure(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(
        "def test_good(local_aws):\n"
        "    local_aws.client('ecr').create_repository(repositoryName='web')\n"
        "def test_bad(local_aws):\n"
        "    assert local_aws.client('ecr').describe_repositories()['repositories'] == []\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(tmp_path)]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 failed, 1 passed, 1 warning" in result.stdout
    (log,) = re.findall(r"The log of the local AWS: (/\S+)", result.stdout)
    assert "Traceback" not in Path(log).read_text()
    Path(log).unlink()
    Path(log).parent.rmdir()
