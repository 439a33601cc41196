"""Stacks to try constructs in, and what they synthesize to, in a form that people can read."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import aws_cdk as cdk
from aws_cdk.assertions import Annotations, Match, Template
from cfnlint.api import lint
from cfnlint.core import get_rules
from cfnlint.rules import RulesCollection

if TYPE_CHECKING:
    from cdk_stacksets import StackSetStack

    from registry_constructs import RegistryStackSet

ROOT = Path(__file__).parent.parent
CONTEXT: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
_ASSEMBLIES = tempfile.TemporaryDirectory(prefix="registry-constructs-")
ENV = cdk.Environment(account="111122223333", region="eu-west-1")


def new_app() -> cdk.App:
    """An app with the context of cdk.json, so that the CDK's own findings are errors here too."""
    return cdk.App(context=CONTEXT, outdir=tempfile.mkdtemp(dir=_ASSEMBLIES.name))


def new_stack(
    name: str = "Stack", *, env: cdk.Environment | None = ENV, app: cdk.App | None = None
) -> cdk.Stack:
    """An empty stack, without the parameter and rule that bootstrapping adds to every template."""
    synthesizer = cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False)
    return cdk.Stack(app or new_app(), name, env=env, synthesizer=synthesizer)


def raw_template(stack: cdk.Stack) -> dict[str, Any]:
    """The stack's template as CloudFormation gets it; what the CDK's own validation finds is an error."""
    return dict(Template.from_stack(stack).to_json())


def baseline_template(stack_set: RegistryStackSet) -> dict[str, Any]:
    """The template that a StackSet deploys: a file beside those of the app's stacks."""
    Template.from_stack(cdk.Stack.of(stack_set))  # synthesizes, with the CDK's own validation
    folder = Path(cast("cdk.App", stack_set.node.root).outdir)
    file = cast("StackSetStack", stack_set.baseline).template_file
    rendered: dict[str, Any] = json.loads((folder / file).read_text())
    return rendered


def template(stack: cdk.Stack) -> dict[str, Any]:
    """The stack's template, with each lifecycle policy as the rules that its text stands for."""
    rendered = raw_template(stack)
    for resource in rendered["Resources"].values():
        policy = resource.get("Properties", {}).get("LifecyclePolicy", {})
        if "LifecyclePolicyText" in policy:
            policy["LifecyclePolicyText"] = json.loads(policy["LifecyclePolicyText"])
    return rendered


def resources(stack: cdk.Stack, resource_type: str = "AWS::ECR::Repository") -> dict[str, dict[str, Any]]:
    """The stack's resources of one type, by logical id."""
    found = template(stack)["Resources"]
    return {name: body for name, body in found.items() if body["Type"] == resource_type}


def properties(stack: cdk.Stack, resource_type: str = "AWS::ECR::Repository") -> dict[str, Any]:
    """The properties of the only resource of one type."""
    [resource] = resources(stack, resource_type).values()
    return resource["Properties"]


def warnings(stack: cdk.Stack) -> list[str]:
    """The warnings of the stack that nobody acknowledged."""
    found = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    return [str(message.entry.data) for message in found]


@cache
def _cfn_lint_rules() -> RulesCollection:
    # W3005: the CDK makes every function depend on the role that the function names.
    return get_rules([], ["W3005"], ["W", "E"], {}, False)


def cfn_lint(rendered: dict[str, Any], region: str = "eu-west-1") -> list[str]:
    """What cfn-lint finds in a template: errors and warnings."""
    found = lint(json.dumps(rendered), rules=_cfn_lint_rules(), regions=[region])
    return [f"{match.rule.id} {match.message} in line {match.linenumber}" for match in found]
