"""Options that several constructs take: the same name has the same type and the same default in each.

Each signature is written out, since editors show names, types and defaults of nothing else.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from registry_constructs import (
    BitbucketPublisher,
    Ec2Service,
    FargateService,
    FargateTask,
    GitHubPublisher,
    GitLabPublisher,
    ScanGate,
    ScanGateAction,
)
from registry_constructs.consumers.ecs.container import ContainerSettings
from registry_constructs.delivery.publishers.publisher import Publisher
from registry_constructs.delivery.scan_gate.demands import Demands

Option = tuple[str, Any]
"""Type and default."""

OF_A_TASK = {"port", "health_check_command", "execute_command"}
"""Options of a container that a task which ends does not have."""

NOT_SHARED = {"self", "scope", "id", "subjects", "url", "audience"}


def options(function: Callable[..., Any]) -> dict[str, Option]:
    return {
        parameter.name: (str(parameter.annotation), parameter.default)
        for parameter in inspect.signature(function).parameters.values()
        if parameter.name not in NOT_SHARED
    }


def test_a_container_has_the_same_options_everywhere() -> None:
    written = options(ContainerSettings)
    for construct in (FargateService, Ec2Service):
        assert options(construct.__init__).items() >= written.items()
    of_a_task = {name: option for name, option in written.items() if name not in OF_A_TASK}
    assert options(FargateTask.__init__).items() >= of_a_task.items()
    assert not options(FargateTask.__init__).keys() & OF_A_TASK


@pytest.mark.parametrize("other", [Ec2Service.__init__, FargateTask.__init__])
def test_what_runs_a_container_shares_its_other_options(other: Callable[..., Any]) -> None:
    mine, theirs = options(FargateService.__init__), options(other)
    shared = mine.keys() & theirs.keys() - {"capacity"}
    assert {"cpu", "memory_limit_mib", "vpc_subnets", "security_group"} <= shared
    assert {name: mine[name] for name in shared} == {name: theirs[name] for name in shared}


def test_publishers_have_the_same_options() -> None:
    github, gitlab, bitbucket = (
        options(publisher.__init__) for publisher in (GitHubPublisher, GitLabPublisher, BitbucketPublisher)
    )
    for name, (kind, _) in options(Publisher.__init__).items():
        assert github[name] == gitlab[name] == bitbucket[name]
        assert github[name][0] == kind


def test_a_gate_and_an_action_require_the_same() -> None:
    gate, action = options(ScanGate.__init__), options(ScanGateAction.__init__)
    for name, (kind, _) in options(Demands).items():
        assert gate[name] == action[name]
        assert gate[name][0] == kind
