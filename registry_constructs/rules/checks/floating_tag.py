"""Rule `floating-tag`: consumers name images of ECR by digest, or by a tag that can't be moved."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from registry_constructs.ecr.lifecycle.patterns import matches
from registry_constructs.ecr.references import MOVING_TAGS
from registry_constructs.rules.examples import Resource
from registry_constructs.rules.rule import Example, Part, Rule, RuleSettings, Severity
from registry_constructs.rules.state import ConsumerState
from registry_constructs.rules.statements import PLACEHOLDER
from registry_constructs.rules.values import UnknownValueError, known

_OF_ECR: Final = re.compile(
    r"(?:[^/]*\.dkr[.-]ecr(?:-fips)?\.[^/]*|public\.ecr\.aws)/(?P<name>[^:@]+)(?P<rest>.*)"
)


def tag_can_move(mutability: str, exclusions: Iterable[str], tag: str) -> bool:
    """Whether a repository lets a tag be moved to another image.

    Args:
        mutability: How the repository keeps its tags, in ECR's word.
        exclusions: The patterns of tags that are excepted.
        tag: The tag.
    """
    if mutability in {"MUTABLE", "IMMUTABLE"}:
        return mutability == "MUTABLE"
    excepted = any(matches(pattern, tag) for pattern in exclusions)
    return excepted == mutability.startswith("IMMUTABLE")


def _check(state: ConsumerState, _: RuleSettings) -> Iterator[str]:
    for image in known(state.images):
        found = _OF_ECR.fullmatch(image)
        if found is None or "@" in found["rest"]:
            continue
        name, tag = found["name"], found["rest"].removeprefix(":") or "latest"
        if PLACEHOLDER.search(tag):
            raise UnknownValueError(f"the tag of {image} is known at the deployment only")
        if name in state.mutability:
            moves = tag_can_move(state.mutability[name], state.exclusions.get(name, ()), tag)
        else:
            moves = tag.lower() in MOVING_TAGS
        if moves:
            yield f"It runs {name}:{tag}, a tag that can be moved to another image"


def _service(reference: str) -> dict[str, Resource]:
    uri = "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/shop/web"
    definition = {
        "Family": "web",
        "NetworkMode": "awsvpc",
        "RequiresCompatibilities": ["FARGATE"],
        "Cpu": "256",
        "Memory": "512",
        "ContainerDefinitions": [{"Name": "web", "Image": {"Fn::Sub": f"{uri}{reference}"}}],
    }
    service = {
        "Cluster": {"Ref": "Cluster"},
        "TaskDefinition": {"Ref": "Example"},
        "LaunchType": "FARGATE",
        "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["subnet-1234567890abcdef0"]}},
    }
    return {
        "Cluster": {"Type": "AWS::ECS::Cluster"},
        "Example": {"Type": "AWS::ECS::TaskDefinition", "Properties": definition},
        "Service": {"Type": "AWS::ECS::Service", "Properties": service},
    }


RULE: Final = Rule(
    id="floating-tag",
    demand="Consumers name images of ECR by digest, or by a tag that can't be moved",
    why="A restart, a new task or a rollback pulls whatever the tag refers to by then, so that two tasks "
    "of one service run different images and nothing shows it.",
    fix="Name the image by its digest (Image.of(repository, digest=...), or PinnedImages for a whole app), "
    "or make the repository's tags immutable",
    severity=Severity.MEDIUM,
    judges=(ConsumerState,),
    check=_check,
    needs=frozenset({Part.CONSUMERS}),
    example=Example(
        compliant=_service(f"@sha256:{'a' * 64}"),
        non_compliant=_service(":latest"),
    ),
)
