"""The templates of a synthesized app, with what its cloud assembly says of their resources."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from registry_constructs.ecr.errors import InvalidInputError

_ENVIRONMENT: Final = re.compile(r"aws://(?P<account>[^/]+)/(?P<region>[^/]+)")
# A frame of JavaScript, such as `new Images (/app/lib/images.ts:12:5)` or `/app/lib/images.ts:12:5`.
_FRAME: Final = re.compile(
    r"(?:.*\()?(?:file://)?(?P<file>(?:/|[A-Za-z]:\\)[^()]*?|[\w./-]+):(?P<line>[0-9]+)(?::[0-9]+)?\)?"
)
# What a nested stack's resource has in its path after the nested stack's own.
_NESTED: Final = re.compile(r"\.NestedStack/[^/]+\.NestedStackResource$")
_LIBRARY: Final = ("/node_modules/", "/site-packages/", "node:internal")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a resource comes from.

    Attributes:
        path: The path of its construct, such as `Images/Checkout/Resource`; empty if that is not known.
        source: The file and line that made it, such as `/app/lib/images.ts:12`; empty if not known.
    """

    path: str = ""
    source: str = ""


class Acknowledged(NamedTuple):
    """What an app acknowledges with `Validations.of(construct).acknowledge`.

    Attributes:
        path: The path of the construct; with all beneath it.
        id: The id, such as `registry-constructs::open-access`.
        reason: Why.
    """

    path: str
    id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class StackTemplate:
    """The template of a stack or of a nested stack.

    Attributes:
        file: The template's file.
        name: The stack's name, or the nested stack's path.
        account: The account; empty if the app leaves it open.
        region: The Region; empty if the app leaves it open.
        template: The template.
        tags: The tags that CloudFormation passes on to the resources.
        origins: Where each resource comes from, by logical id.
        acknowledged: What the app acknowledges in the stack.
        parameters: What a nested stack is given, in the words of the stack around it.
        parent: The stack around a nested stack.
    """

    file: Path
    name: str
    account: str = ""
    region: str = ""
    template: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, Origin] = field(default_factory=dict)
    acknowledged: tuple[Acknowledged, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    parent: StackTemplate | None = None

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        """The resources by logical id."""
        found: dict[str, dict[str, Any]] = self.template.get("Resources") or {}
        return found


def stacks_of(app: str | Path) -> list[StackTemplate]:
    """All stacks of an app, those of nested assemblies (stages) and nested stacks included.

    Args:
        app: The folder that `cdk synth` wrote, mostly `cdk.out`.

    Raises:
        InvalidInputError: The folder is no cloud assembly.
    """
    return list(_assembly(Path(app)))


def _assembly(folder: Path) -> Iterator[StackTemplate]:
    manifest = read_object(folder / "manifest.json", "synthesize the app first: cdk synth")
    for name, artifact in sorted(manifest.get("artifacts", {}).items()):
        properties = artifact.get("properties", {})
        if artifact.get("type") == "cdk:cloud-assembly":
            yield from _assembly(folder / properties["directoryName"])
        elif artifact.get("type") == "aws:cloudformation:stack":
            yield from _stack(folder, name, artifact)


def _stack(folder: Path, name: str, artifact: Mapping[str, Any]) -> Iterator[StackTemplate]:
    properties = artifact.get("properties", {})
    file = folder / properties["templateFile"]
    metadata = dict(artifact.get("metadata", {}))
    if more := artifact.get("additionalMetadataFile"):
        metadata |= read_object(folder / more, "synthesize the app again")
    found = _ENVIRONMENT.fullmatch(artifact.get("environment", ""))
    place = {key: _open(text) for key, text in found.groupdict().items()} if found else {}
    files = _files(metadata)
    origins = _origins(metadata, files)
    stack = StackTemplate(
        file=file,
        name=properties.get("stackName", name),
        account=place.get("account", ""),
        region=place.get("region", ""),
        template=read_object(file, "synthesize the app again"),
        tags=properties.get("tags", {}),
        origins=origins.get(file.name, {}),
        acknowledged=tuple(_acknowledged(metadata)),
    )
    yield stack
    yield from _nested(stack, folder, files, origins)


def _nested(
    parent: StackTemplate,
    folder: Path,
    files: Mapping[str, str],
    origins: Mapping[str, Mapping[str, Origin]],
) -> Iterator[StackTemplate]:
    for logical_id, resource in parent.resources.items():
        if resource.get("Type") != "AWS::CloudFormation::Stack":
            continue
        # The CDK writes the path of the asset into the template only on request.
        inside = _NESTED.sub("", parent.origins.get(logical_id, Origin()).path)
        file = resource.get("Metadata", {}).get("aws:asset:path") or files.get(f"/{inside}")
        if not file:
            continue
        stack = StackTemplate(
            file=folder / file,
            name=f"{parent.name}.{logical_id}",
            account=parent.account,
            region=parent.region,
            template=read_object(folder / file, "synthesize the app again"),
            tags=parent.tags,
            origins=origins.get(file, {}),
            parameters=resource.get("Properties", {}).get("Parameters", {}),
            parent=parent,
        )
        yield stack
        yield from _nested(stack, folder, files, origins)


def _acknowledged(metadata: Mapping[str, Any]) -> Iterator[Acknowledged]:
    for path, entries in metadata.items():
        for entry in entries:
            if entry.get("type") == "aws:cdk:acknowledged-rules" and isinstance(entry.get("data"), dict):
                for name, reason in entry["data"].items():
                    yield Acknowledged(path.lstrip("/"), name, str(reason))


def _files(metadata: Mapping[str, Any]) -> dict[str, str]:
    """The template of each stack and nested stack, by the path of its construct."""
    return {
        path: entry["data"]
        for path, entries in metadata.items()
        for entry in entries
        if entry.get("type") == "aws:cdk:templateFile"
    }


def _origins(metadata: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, dict[str, Origin]]:
    """By template file and logical id."""
    found: dict[str, dict[str, Origin]] = {}
    for path, entries in metadata.items():
        for entry in entries:
            if entry.get("type") == "aws:cdk:logicalId":
                origin = Origin(path=path.lstrip("/"), source=_source(entries))
                found.setdefault(_file_of(path, files), {})[entry["data"]] = origin
    return found


def _file_of(path: str, files: Mapping[str, str]) -> str:
    """The template of the nearest stack above a construct."""
    while path and path not in files:
        path = path.rpartition("/")[0]
    return files.get(path, "")


def _source(entries: list[Mapping[str, Any]]) -> str:
    for entry in entries:
        frames = entry.get("data") if entry.get("type") == "aws:cdk:creationStack" else entry.get("trace")
        for frame in frames if isinstance(frames, list) else ():
            match = _FRAME.fullmatch(str(frame).strip().removeprefix("at "))
            if match and not any(part in match["file"] for part in _LIBRARY):
                return f"{_from_here(match['file'])}:{match['line']}"
    return ""


def _from_here(file: str) -> str:
    """A path within the current folder, as a code host knows it; any other stays whole."""
    path = Path(file)
    return path.relative_to(Path.cwd()).as_posix() if path.is_relative_to(Path.cwd()) else file


def read_object(file: Path, fix: str) -> dict[str, Any]:
    """The object in a JSON file of a cloud assembly.

    Raises:
        InvalidInputError: It can't be read, or is something else.
    """
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


def _open(text: str) -> str:
    """An account or Region; empty for what the CDK calls unknown-account and unknown-region."""
    return "" if text.startswith("unknown-") else text
