"""The rules for the CDK's own validation, in the language of AWS CloudFormation Guard."""

from __future__ import annotations

import aws_cdk as cdk

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.rules.guard import guard_rule, sayable
from registry_constructs.rules.packs import select


def guard_rules(*names: str) -> list[cdk.ValidationRuleSource]:
    """Rules for `cdk.CloudFormationValidatePlugin(guard_rules=...)`; those that Guard can't say are left out.

    For apps that ask all their rules by Guard; `RegistryChecks` asks more of them, and judges all stacks
    together. A finding is acknowledged as `CloudFormation-Validate::open_access`, a rule's id with `_`.

    Args:
        names: Packs and ids of rules, as for `RegistryChecks`. Default: the pack `recommended`.

    Raises:
        InvalidInputError: There is no such pack or rule, or none that Guard can say.
    """
    rules = list(sayable(select(names or ("recommended",))))
    if not rules:
        raise InvalidInputError(
            "Guard can say none of these rules",
            got=list(names),
            allowed="rules about one template alone; their pages show them in the language of Guard",
            fix="ask them by RegistryChecks",
        )
    return [cdk.ValidationRuleSource(name=rule.id, content=guard_rule(rule)) for rule in rules]
