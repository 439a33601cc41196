"""The documentation of the rules, written from their files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import yaml

from registry_constructs.rules.checks import drift
from registry_constructs.rules.controls import CONTROLS
from registry_constructs.rules.packs import PACKS, RULES
from registry_constructs.rules.rule import NAMESPACE, Rule

_INDEX: Final = "README.md"


def pages() -> dict[str, str]:
    """Every page by the name of its file: one a rule, and an index with the table of all controls."""
    rules = [*RULES.values(), drift.RULE]
    return {_INDEX: _index(rules)} | {f"{rule.id}.md": page(rule) for rule in rules}


def page(rule: Rule) -> str:
    """The page of a rule, in Markdown."""
    return "\n".join(_parts(rule)) + "\n"


def _parts(rule: Rule) -> Iterator[str]:
    yield f"# {rule.id}\n\n{rule.demand}. Severity: {rule.severity.name}.\n"
    yield f"## Why\n\n{rule.why}\n"
    yield f"## How to fix it\n\n{rule.fix}.\n"
    yield "## Where it is evaluated\n"
    kinds = ", ".join(kind.kind for kind in rule.judges) or "whatever an app declares"
    packs = ", ".join(f"`{name}`" for name, ids in PACKS.items() if rule.id in ids)
    yield f"- It judges: {kinds}."
    yield f"- Packs: {packs or 'none; `audit --compare` evaluates it'}."
    yield f"- Acknowledge it as `{NAMESPACE}::{rule.id}`."
    if rule.needs:
        yield f"- Of a live registry it needs: {', '.join(sorted(part.value for part in rule.needs))}."
    if not rule.example and rule.judges:
        yield "- A template does not contain it: it is about the images of a live registry."
    yield ""
    if rule.controls:
        yield "## Who else demands it\n"
        yield from _table(
            ["whose", "control", "demands", "judges otherwise"],
            (
                [one.owner, one.name, one.demand, one.difference or "-"]
                for one in (CONTROLS[name] for name in rule.controls)
            ),
        )
        yield ""
    if rule.example:
        yield f"## Complies\n\n{_yaml(rule.example.compliant)}"
        yield f"## Does not comply\n\n{_yaml(rule.example.non_compliant)}"
        for region, resources in rule.example.elsewhere.items():
            yield f"Beside both of them, in {region}:\n\n{_yaml(resources)}"


def _index(rules: list[Rule]) -> str:
    parts = [
        "# The rules\n",
        "These pages are written from the rules' files by `registry-constructs rules pages docs/rules`.\n",
        *_table(
            ["rule", "demands", "severity", *PACKS],
            (
                [
                    f"[{rule.id}]({rule.id}.md)",
                    rule.demand,
                    rule.severity.name,
                    *("x" if rule.id in ids else "" for ids in PACKS.values()),
                ]
                for rule in rules
            ),
        ),
        "\n## Every control that others have for ECR, and the rule that answers it\n",
        *_table(
            ["whose", "control", "demands", "rule", "related requirements"],
            (
                [
                    one.owner,
                    one.name,
                    one.demand,
                    ", ".join(f"[{rule.id}]({rule.id}.md)" for rule in rules if one.id in rule.controls),
                    one.requirements or "-",
                ]
                for one in CONTROLS.values()
            ),
        ),
        "\nThe related requirements are those that the Security Hub User Guide names (ecr-controls).",
    ]
    return "\n".join(parts) + "\n"


def _table(columns: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("*", r"\*")


def _yaml(resources: Mapping[str, Any]) -> str:
    text = yaml.safe_dump({"Resources": _plain(resources)}, sort_keys=False, width=100)
    return f"```yaml\n{text}```\n"


def _plain(value: Any) -> Any:  # noqa: ANN401
    """A copy without shared parts, which YAML would write as anchors."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
