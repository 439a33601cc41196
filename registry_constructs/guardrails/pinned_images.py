"""What runs names its images by digest, whoever wrote it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import IConstruct

from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.references import MOVING_TAGS
from registry_constructs.guardrails.changes import ConstructChange, Left
from registry_constructs.guardrails.safe_repository import REPOSITORIES
from registry_constructs.rules.statements import PLACEHOLDER
from registry_constructs.templates.assembly import StackTemplate, read_object
from registry_constructs.templates.intrinsics import Resolver

# Where each type names images; `*` means every entry of a list.
_IMAGES: Final = {
    "AWS::AppRunner::Service": "SourceConfiguration.ImageRepository.ImageIdentifier",
    "AWS::Batch::JobDefinition": "ContainerProperties.Image",
    "AWS::CodeBuild::Project": "Environment.Image",
    "AWS::ECS::TaskDefinition": "ContainerDefinitions.*.Image",
    "AWS::Lambda::Function": "Code.ImageUri",
}

# What every stack knows of itself.
_PSEUDO: Final = {"${AWS::AccountId}", "${AWS::Region}", "${AWS::URLSuffix}"}


class PinnedImages(cdk.Mixin):
    """Rewrites images that are named by a tag to the digest that was tested.

        cdk.Mixins.of(app).apply(PinnedImages({"shop/checkout": "sha256:..."}))

    For task definitions, functions, Batch jobs, CodeBuild projects and App Runner services. It looks at what
    is there when it is applied: make it the last line before `app.synth()`. An image that stays at a tag
    which can be moved is a warning of its construct, `registry-constructs:image-not-pinned`.

    Args:
        digests: The digest (`sha256:` and 64 hexadecimal digits) of each image, by the repository's name
            (`shop/checkout`: whatever the tag), by name and tag (`shop/checkout:v1`) or by the whole
            reference.

    Attributes:
        changes: The images that were rewritten.
        left: The images that stay at a tag.

    Raises:
        InvalidInputError: A digest is none.
    """

    def __init__(self, digests: Mapping[str, str]) -> None:
        super().__init__()
        self.changes: list[ConstructChange] = []
        self.left: list[Left] = []
        self._repositories: list[tuple[cdk.Stack, str, str | None]] | None = None
        self._digests = dict(digests)
        for image, digest in self._digests.items():
            if not isinstance(digest, str) or not limits.IMAGE_DIGEST.fullmatch(digest):
                raise InvalidInputError(
                    "This is no digest of an image",
                    got=digest,
                    allowed="sha256: and 64 hexadecimal digits",
                    fix="take imageDigest of `aws ecr describe-images`, or what your build printed",
                    where=image,
                )

    @classmethod
    def from_file(cls, file: str | Path) -> PinnedImages:
        """Pin by a JSON file, an object of digests by image, as a build writes it.

        Raises:
            InvalidInputError: It can't be read, or a digest is none.
        """
        try:
            return cls(read_object(Path(file), "write an object of digests by image"))
        except InvalidInputError as error:
            raise error if error.where == str(file) else error.within(str(file)) from None

    def supports(self, construct: IConstruct) -> bool:
        """Whether it is a resource that runs images."""
        return isinstance(construct, cdk.CfnResource) and construct.cfn_resource_type in _IMAGES

    def apply_to(self, construct: IConstruct) -> None:
        """Rewrite its images."""
        assert isinstance(construct, cdk.CfnResource)  # noqa: S101 - what supports() lets pass
        stack = cdk.Stack.of(construct)
        path = _IMAGES[construct.cfn_resource_type].split(".")
        for place, value in _at(stack.resolve(construct._cfn_properties), path):
            self._pin(construct, place, value, self._resolver(stack))

    def _resolver(self, stack: cdk.Stack) -> tuple[Resolver, set[str]]:
        """What gives references their names, and the repositories that the stack itself declares."""
        if self._repositories is None:
            self._repositories = [
                (cdk.Stack.of(one), cdk.Stack.of(one).resolve(one.logical_id), one.repository_name)
                for one in REPOSITORIES.select(stack.node.root)
                if isinstance(one, ecr.CfnRepository)
            ]
        own = {name for owner, name, _ in self._repositories if owner is stack}
        resources = {
            logical_id: {
                "Type": "AWS::ECR::Repository",
                "Properties": {"RepositoryName": name} if name else {},
            }
            for owner, logical_id, name in self._repositories
            if owner is stack or logical_id not in own
        }
        account, region = (
            "" if cdk.Token.is_unresolved(one) else one for one in (stack.account, stack.region)
        )
        template = {"Resources": resources}
        described = StackTemplate(file=Path(), name="", account=account, region=region, template=template)
        return Resolver(described, lambda *_: None), resources.keys() - own

    def _pin(
        self,
        consumer: cdk.CfnResource,
        place: str,
        value: Any,  # noqa: ANN401 - whatever a template has
        known: tuple[Resolver, set[str]],
    ) -> None:
        resolver, foreign = known
        image = str(resolver.resolve(value))
        if "@" in image:
            return
        rest, _, tag = image.rpartition("/")[2].partition(":")
        whole = image.removesuffix(f":{tag}") if tag else image
        name = whole.partition("/")[2] or rest
        tag = tag or "latest"
        keys = (image, f"{whole}:{tag}", f"{name}:{tag}", whole, name)
        digest = next((self._digests[key] for key in keys if key in self._digests), None)
        path = consumer.node.path
        if digest is None:
            if tag.lower() in MOVING_TAGS:
                self._leave(
                    consumer, Left(path=path, property=place, value=image, reason="no digest is given")
                )
            return
        # A reference to another stack's repository is the CDK's to write: here the name refers to it.
        whole_name = {"Fn::Sub": image} if PLACEHOLDER.search(image) else image
        pinned = _pinned(whole_name if foreign & _names(value) else value, tag, digest)
        if pinned is None or set(PLACEHOLDER.findall(json.dumps(pinned))) - _PSEUDO:
            left = Left(path=path, property=place, value=image, reason="its name is not known here")
            self._leave(consumer, left)
            return
        consumer.add_property_override(place, pinned)
        self.changes.append(
            ConstructChange(path=path, property=place, before=image, after=f"{whole}@{digest}")
        )

    def _leave(self, consumer: cdk.CfnResource, left: Left) -> None:
        self.left.append(left)
        cdk.Validations.of(consumer).add_warning(
            "registry-constructs:image-not-pinned",
            f"{left.value} is named by a tag that can be moved to another image: {left.reason}",
        )


def _at(value: Any, path: list[str], place: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """The values at a path, each with its place in CloudFormation's words."""
    if not path:
        if value:
            yield place, value
        return
    first, *rest = path
    if first == "*":
        for index, one in enumerate(value if isinstance(value, list) else ()):
            yield from _at(one, rest, f"{place}.{index}")
    elif isinstance(value, Mapping):
        for key, one in value.items():
            if key.lower().replace("_", "") == first.lower():
                yield from _at(one, rest, f"{place}.{first}" if place else first)


def _pinned(value: Any, tag: str, digest: str) -> Any:  # noqa: ANN401
    """The value with a digest in place of its tag; None if the tag is not written at its end."""
    match value:
        case str():
            return f"{value.removesuffix(f':{tag}')}@{digest}"
        case {"Fn::Join": ["", [*parts, str(last)]]}:
            return {"Fn::Join": ["", [*parts, _pinned(last, tag, digest)]]}
        case {"Fn::Join": ["", [*parts]]}:
            return {"Fn::Join": ["", [*parts, f"@{digest}"]]}
        case {"Fn::Sub": str(text)}:
            return {"Fn::Sub": _pinned(text, tag, digest)}
    return None


def _names(value: Any) -> set[str]:  # noqa: ANN401
    """Every text in a value: among them the logical ids that it names."""
    if isinstance(value, str):
        return {value}
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return {name for one in inner for name in _names(one)}
