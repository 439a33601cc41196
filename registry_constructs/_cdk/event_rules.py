"""EventBridge rules, and whether EventBridge takes their patterns."""

from __future__ import annotations

import json
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_events as events
from constructs import Construct

from registry_constructs.ecr import limits


def add_rule(
    scope: Construct,
    id: str,
    description: str,
    pattern: events.EventPattern,
    targets: Sequence[events.IRuleTarget],
) -> events.Rule:
    """A rule on the default bus; a pattern longer than accounts may have by default is warned of."""
    length = len(json.dumps(cdk.Stack.of(scope).resolve(pattern.detail), separators=(",", ":")))
    if length > limits.EVENT_PATTERN_LENGTH:
        cdk.Validations.of(scope).add_warning(
            "registry-constructs:event-pattern-length",
            f"The pattern of the rule {id} has over {length} characters. An account may have "
            f"{limits.EVENT_PATTERN_LENGTH} unless the quota was raised: join repositories with '*'.",
        )
    return events.Rule(scope, id, description=description, event_pattern=pattern, targets=list(targets))
