"""The text of a policy as ECR counts it."""

from __future__ import annotations

import aws_cdk as cdk
from constructs import IConstruct


def policy_length(scope: IConstruct, document: object) -> int:
    """The characters of a policy as ECR gets it; what is known only at deployment counts as none."""
    stack = cdk.Stack.of(scope)
    text = stack.resolve(stack.to_json_string(document))
    parts = [text] if isinstance(text, str) else text["Fn::Join"][1]
    return sum(len(part) for part in parts if isinstance(part, str))
