"""The lifecycle policies that a synthesized app would deploy, read from its `cdk.out`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from registry_constructs import limits
from registry_constructs.errors import InvalidInputError
from registry_constructs.lifecycle import LifecyclePolicy

_ENVIRONMENT: Final = re.compile(r"aws://(?P<account>[^/]+)/(?P<region>[^/]+)")
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
            return self.prefix == limits.ROOT_PREFIX or repository.startswith(
                f"{self.prefix.removesuffix('/')}/"
            )
        return bool(self.repository) and self.repository == repository


def policies_of(app: str | Path) -> list[AppPolicy]:
    """The repositories and creation templates of all stacks, those of nested assemblies (stages) included.

    Args:
        app: The folder that `cdk synth` wrote, mostly `cdk.out`.

    Raises:
        InvalidInputError: The folder is no cloud assembly, or a policy's text is not known before the
            deployment or would be refused by ECR.
    """
    return list(_assembly(Path(app)))


def _assembly(folder: Path) -> Iterator[AppPolicy]:
    manifest = _read(folder / "manifest.json", "synthesize the app first: cdk synth")
    for name, artifact in sorted(manifest.get("artifacts", {}).items()):
        properties = artifact.get("properties", {})
        if artifact.get("type") == "cdk:cloud-assembly":
            yield from _assembly(folder / properties["directoryName"])
        elif artifact.get("type") == "aws:cloudformation:stack":
            file = folder / properties["templateFile"]
            found = _ENVIRONMENT.fullmatch(artifact.get("environment", ""))
            place = {key: _open(text) for key, text in found.groupdict().items()} if found else {}
            yield from _template(file, properties.get("stackName", name), place)


def _template(file: Path, stack: str, place: Mapping[str, str]) -> Iterator[AppPolicy]:
    resources = _read(file, "synthesize the app again").get("Resources", {})
    for logical_id, resource in resources.items():
        if resource.get("Type") not in _POLICIES:
            continue
        name_key, text_path = _POLICIES[resource["Type"]]
        properties = resource.get("Properties", {})
        text: Any = properties
        for key in text_path.split("."):
            text = text.get(key, {}) if isinstance(text, Mapping) else {}
        policy = _policy(text, f"{file}: {logical_id}.{text_path}") if text else None
        name = properties.get(name_key)
        known = name if isinstance(name, str) else ""
        template = name_key == "Prefix"
        yield AppPolicy(
            f"{stack}.{logical_id}",
            "" if template else known,
            known if template else "",
            place.get("account", ""),
            place.get("region", ""),
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


def _read(file: Path, fix: str) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInputError(
            "The folder is no synthesized app",
            got=error.strerror,
            allowed="a folder with manifest.json, as cdk synth writes it",
            fix=fix,
            where=str(file),
        ) from None
    except ValueError as error:
        raise InvalidInputError(
            "This is not JSON", got=str(error), allowed="JSON", fix=fix, where=str(file)
        ) from None
    if not isinstance(found, dict):
        raise InvalidInputError(
            "This is not an object", got=found, allowed="an object", fix=fix, where=str(file)
        )
    return found


def _fits(one: str, other: str) -> bool:
    return not one or not other or one == other


def _open(text: str) -> str:
    """An account or Region; empty for what the CDK calls unknown-account and unknown-region."""
    return "" if text.startswith("unknown-") else text
