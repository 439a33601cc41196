"""Scan gates, in every form, for snapshots and compliance tools."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk

from registry_constructs import (
    FindingException,
    Image,
    ManagedSigning,
    Registry,
    Repository,
    ScanGate,
    ScanGateAction,
    UnsupportedImageException,
)

DIGEST = f"sha256:{'1' * 64}"


def _repository(stack: cdk.Stack) -> Repository:
    return Repository(stack, "Checkout", repository_name="shop/checkout")


def _defaults(stack: cdk.Stack) -> None:
    ScanGate(stack, "Gate", image=Image.of(_repository(stack), digest=DIGEST))


def _everything(stack: cdk.Stack) -> None:
    Registry(stack, "Registry")
    ScanGate(
        stack,
        "Gate",
        image=Image.of(_repository(stack), tag="v1.4.2"),
        severity="MEDIUM",
        exceptions=[
            FindingException(cve="CVE-2026-1234", until="2999-01-31", reason="not reachable"),
            FindingException(package="zlib", version="1.2.13", until="2999-01-31", reason="never called"),
            UnsupportedImageException(repository="shop/static", reason="one program, from scratch"),
        ],
        signed_by=ManagedSigning(stack, "Signing", repositories=["shop/*"]),
        only_fixable=True,
        start_scan=True,
        warn_only=True,
        timeout=cdk.Duration.minutes(55),
        settle=cdk.Duration.minutes(3),
    )


def _step(stack: cdk.Stack) -> None:
    ScanGateAction(
        stack, "Step", action_name="Scan", repository=_repository(stack), image="#{Build.IMAGE_DIGEST}"
    )


VARIANTS: dict[str, Callable[[cdk.Stack], Any]] = {
    "gate-defaults": _defaults,
    "gate-everything": _everything,
    "gate-step": _step,
}
ENVIRONMENTS = {
    name: cdk.Environment(account="777788889999", region=region)
    for name, region in zip(VARIANTS, ("eu-west-1", "eu-central-1", "us-east-1"), strict=True)
}
