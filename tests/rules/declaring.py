"""Templates for tests, as an app would have them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from registry_constructs.rules.rule import Example
from registry_constructs.templates.assembly import StackTemplate

ACCOUNT, REGION = "111122223333", "eu-west-1"


def stack(
    resources: Mapping[str, Any],
    *,
    name: str = "Stack",
    account: str = ACCOUNT,
    region: str = REGION,
    **more: Any,
) -> StackTemplate:
    """The template of a stack with these resources."""
    return StackTemplate(
        file=Path(f"cdk.out/{name}.template.json"),
        name=name,
        account=account,
        region=region,
        template={"Resources": dict(resources)},
        **more,
    )


def stacks_of_example(example: Example, *, compliant: bool) -> list[StackTemplate]:
    """The stacks of a rule's example."""
    resources = example.compliant if compliant else example.non_compliant
    beside = [
        stack(found, name=f"Elsewhere-{region}", region=region) for region, found in example.elsewhere.items()
    ]
    return [stack(resources), *beside]
