"""The lifecycle policies that a synthesized app would deploy, read from its `cdk.out`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import LifecyclePolicy
from registry_constructs.ecr.names import names_start
from registry_constructs.templates.assembly import StackTemplate, stacks_of

_POLICIES: Final = {
    "AWS::ECR::Repository": ("RepositoryName", "LifecyclePolicy.LifecyclePolicyText"),
    "AWS::ECR::RepositoryCreationTemplate": ("Prefix", "LifecyclePolicy"),
}


class AppPolicy(NamedTuple):
    """A lifecycle policy of a template.

    Attributes:
        place: The stack and the logical id, such as `Images.Checkout`.
        repository: The repository's name. Empty if CloudFormation makes it up, or for a template.
        prefix: For a creation template its prefix, `ROOT` for all names. Otherwise empty.
        account: The account; empty if the app leaves it open.
        region: The Region; empty if the app leaves it open.
        policy: The policy; None for a repository without one, which no creation template changes.
    """

    place: str
    repository: str
    prefix: str
    account: str
    region: str
    policy: LifecyclePolicy | None

    def covers(self, repository: str, account: str, region: str) -> bool:
        """Whether it is for this repository. An account or Region that either side leaves open fits."""
        if not _fits(self.account, account) or not _fits(self.region, region):
            return False
        if self.prefix:
            return repository.startswith(names_start(self.prefix))
        return bool(self.repository) and self.repository == repository


def policies_of(app: str | Path) -> list[AppPolicy]:
    """The repositories and creation templates of all stacks, those of stages and nested stacks included.

    Args:
        app: The folder that `cdk synth` wrote, mostly `cdk.out`.

    Raises:
        InvalidInputError: The folder is no cloud assembly, or a policy's text is not known before the
            deployment or would be refused by ECR.
    """
    return [policy for stack in stacks_of(app) for policy in _stack(stack)]


def _stack(stack: StackTemplate) -> Iterator[AppPolicy]:
    for logical_id, resource in stack.resources.items():
        if resource.get("Type") not in _POLICIES:
            continue
        name_key, text_path = _POLICIES[resource["Type"]]
        properties = resource.get("Properties", {})
        text: Any = properties
        for key in text_path.split("."):
            text = text.get(key, {}) if isinstance(text, Mapping) else {}
        policy = _policy(text, f"{stack.file}: {logical_id}.{text_path}") if text else None
        name = properties.get(name_key)
        known = name if isinstance(name, str) else ""
        template = name_key == "Prefix"
        yield AppPolicy(
            f"{stack.name}.{logical_id}",
            "" if template else known,
            known if template else "",
            stack.account,
            stack.region,
            policy,
        )


def _policy(text: object, where: str) -> LifecyclePolicy:
    if not isinstance(text, str):
        raise InvalidInputError(
            "The policy is not known before the deployment",
            got=text,
            allowed="plain text",
            fix="write the policy without tokens; LifecyclePolicy does",
            where=where,
        )
    try:
        return LifecyclePolicy.from_json(text)
    except InvalidInputError as error:
        raise error.within(where) from None


def _fits(one: str, other: str) -> bool:
    return not one or not other or one == other
