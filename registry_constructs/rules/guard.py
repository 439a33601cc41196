"""The rules in the language of AWS CloudFormation Guard, for whoever asks with its tools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from registry_constructs.rules.rule import Rule


def guard_name(rule: Rule) -> str:
    """What a rule is called in Guard, where names have no hyphens: `open_access` for `open-access`."""
    return rule.id.replace("-", "_")


def guard_rule(rule: Rule) -> str:
    """A rule as Guard takes it, with its demand and its fix as comments.

    Guard knows one template and no more: what another stack or the registry says about a repository, which
    the rule itself takes into account, it can't see.
    """
    lines = rule.guard.strip().splitlines()
    body = "\n".join(f"  {line}" if line else "" for line in lines)
    return f"# {rule.demand}.\n# {rule.fix}.\nrule {guard_name(rule)} {{\n{body}\n}}\n"


def sayable(rules: Iterable[Rule]) -> Iterator[Rule]:
    """The rules that Guard can say."""
    return (rule for rule in rules if rule.guard)


def guard_file(rules: Iterable[Rule]) -> str:
    """A file of rules for `cfn-guard validate --rules`; those that Guard can't say are left out."""
    return "\n".join(map(guard_rule, sayable(rules)))
