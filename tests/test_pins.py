"""What must fit together fits: feature flags, pins, and lock files that name no index."""

from __future__ import annotations

import json
import re
import tarfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aws_cdk

from tests.synthesis import CONTEXT, ROOT

VALIDATION = "@aws-cdk/core:validateAgainstDefaultRules"


def recommended_flags() -> dict[str, Any]:
    """The flags that the installed aws-cdk-lib recommends for a new app."""
    [bundle] = (Path(aws_cdk.__file__).parent / "_jsii").glob("aws-cdk-lib@*.tgz")
    with tarfile.open(bundle) as archive:
        member = archive.extractfile("package/recommended-feature-flags.json")
        assert member is not None
        flags: dict[str, Any] = json.load(member)
        return flags


def test_the_app_has_the_recommended_flags_and_validation_as_errors() -> None:
    assert {VALIDATION: True, **recommended_flags()} == CONTEXT


def test_the_pinned_library_is_the_one_installed() -> None:
    for file in ("requirements.txt", "requirements-dev.txt"):
        assert f"aws-cdk-lib=={version('aws-cdk-lib')}\n" in (ROOT / file).read_text()


def test_the_benchmarks_compare_with_the_same_version() -> None:
    package = json.loads((ROOT / "benchmarks/typescript/package.json").read_text())
    assert package["dependencies"]["aws-cdk-lib"] == version("aws-cdk-lib")


def test_the_app_and_the_tests_run_with_the_same_versions() -> None:
    app, tests = (
        set(re.findall(r"^\S+==\S+", (ROOT / name).read_text(), flags=re.MULTILINE))
        for name in ("requirements.txt", "requirements-dev.txt")
    )
    assert app
    assert app <= tests


def test_lock_files_name_no_host() -> None:
    for file in ("requirements.txt", "requirements-dev.txt", "tests/checkov-requirements.txt"):
        assert "://" not in (ROOT / file).read_text()
    for folder in (ROOT, ROOT / "benchmarks/typescript"):
        assert '"resolved"' not in (folder / "package-lock.json").read_text()
