"""What a StackSet with service-managed permissions can't deploy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from constructs import IValidation

from registry_constructs.ecr.tokens import is_token

_NAMES: Final = {
    "AWS::IAM::Group": "group_name",
    "AWS::IAM::InstanceProfile": "instance_profile_name",
    "AWS::IAM::ManagedPolicy": "managed_policy_name",
    "AWS::IAM::Role": "role_name",
    "AWS::IAM::User": "user_name",
}
"""What an account has once for all Regions, by the attribute that names it."""

_METADATA = "AWS::CDK::Metadata"
_NESTED = ("AWS::CloudFormation::Stack", "AWS::CloudFormation::StackSet")
_BETWEEN_STACKS = ("Exports", "Publish")
"""The children in which the CDK keeps what another stack reads of a stack."""


@jsii.implements(IValidation)
class DeployableBaseline:
    """What can't be deployed by a StackSet, once everything was added."""

    def __init__(self, stack: cdk.Stack, regions: Sequence[str]) -> None:
        self._stack = stack
        self._regions = regions

    def validate(self) -> list[str]:
        """What would fail in every account; it adds warnings as well."""
        problems = [*self._of_the_stack()]
        resources = [
            construct
            for construct in self._stack.node.find_all()
            if isinstance(construct, cdk.CfnResource) and construct.cfn_resource_type != _METADATA
        ]
        if not resources:
            problems.append("The baseline is empty. Make a Registry in it: Registry(x.baseline, 'Registry').")
        for resource in resources:
            problems += self._of_a_resource(resource)
            if isinstance(resource, ecr.CfnRepository):
                self._review(resource)
        return problems

    def _of_the_stack(self) -> Iterator[str]:
        stacks = [stack.node.path for stack in self._stack.dependencies]
        if stacks:
            yield (
                f"The baseline refers to {', '.join(stacks)}, which other accounts don't have. Make what it "
                "needs in the baseline, or write its name or ARN out."
            )
        if any(child.node.id in _BETWEEN_STACKS for child in self._stack.node.children):
            yield (
                "Another stack refers to something in the baseline, which is in many accounts and Regions. "
                "Write its name or ARN out."
            )
        if self._stack.template_options.transforms:
            yield (
                f"The baseline has the transforms {self._stack.template_options.transforms}, and a StackSet "
                "with service-managed permissions takes no macros. Leave them out."
            )

    def _of_a_resource(self, resource: cdk.CfnResource) -> Iterator[str]:
        kind, path = resource.cfn_resource_type, resource.node.path
        if kind in _NESTED:
            yield f"{path}: {kind} is not supported in a StackSet with service-managed permissions."
        attribute = _NAMES.get(kind)
        name = getattr(resource, attribute, None) if attribute else None
        # What has a condition may be for one Region alone.
        if name and not is_token(name) and len(self._regions) > 1 and resource.cfn_options.condition is None:
            yield (
                f"{path}: an account has {name!r} once for all Regions, and the StackSet makes it in "
                f"{len(self._regions)}. Leave the name out, or put the Region into it."
            )

    def _review(self, repository: ecr.CfnRepository) -> None:
        # Some tokens contain plain text (see `Repository`).
        name = self._stack.resolve(repository.repository_name)
        if isinstance(name, str) and repository.cfn_options.deletion_policy == cdk.CfnDeletionPolicy.RETAIN:
            cdk.Validations.of(repository).add_warning(
                "registry-constructs:stack-set-retained-repository",
                f"The repository {name!r} stays in each account when its stack goes, and a stack that is "
                "made there again finds the name taken. Let a creation template make such repositories.",
            )
