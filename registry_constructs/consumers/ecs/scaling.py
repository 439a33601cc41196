"""The number of tasks of an ECS service: a fixed count or Application Auto Scaling."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token

DEFAULT_COUNT = 2


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """Target tracking that scales a service's number of tasks with its load.

    Attributes:
        min: The minimum number of tasks, 1 or more.
        max: The maximum number of tasks.
        cpu_percent: Target of average CPU utilization, 1 to 100; None to not scale by CPU. Default: 60.
        memory_percent: Target of average memory utilization, 1 to 100. Default: not by memory.
        requests_per_target: Target of requests per task and minute; needs a load balancer. Default: not by
            requests.
    """

    min: int
    max: int
    cpu_percent: int | None = 60
    memory_percent: int | None = None
    requests_per_target: int | None = None

    def check(self, *, load_balanced: bool) -> None:
        """Check the bounds and the targets.

        Raises:
            InvalidInputError: For a minimum above the maximum, a target out of range, or no target.
        """
        known = not is_token(self.min) and not is_token(self.max)
        if known and not 1 <= self.min <= self.max:
            raise InvalidInputError(
                "Invalid minimum and maximum number of tasks",
                got={"min": self.min, "max": self.max},
                allowed="1 <= min <= max",
                fix="write Scaling(min=2, max=10)",
            )
        for name in ("cpu_percent", "memory_percent"):
            percent = getattr(self, name)
            if percent is not None and not is_token(percent) and not 1 <= percent <= 100:
                raise InvalidInputError(
                    f"{name} is not a percentage", got=percent, allowed="1 to 100", fix=f"write {name}=60"
                )
        requests = self.requests_per_target
        if requests is not None and not is_token(requests) and requests < 1:
            raise InvalidInputError(
                "requests_per_target is not a number of requests",
                got=requests,
                allowed="1 or more per minute",
                fix="write requests_per_target=1000",
            )
        if requests is not None and not load_balanced:
            raise InvalidInputError(
                "Scaling by requests needs a load balancer, and there is none",
                got=requests,
                allowed="cpu_percent and memory_percent",
                fix="add load_balancer=LoadBalancer(), or leave requests_per_target out",
            )
        if self.cpu_percent is None and self.memory_percent is None and requests is None:
            raise InvalidInputError(
                "Scaling has no target",
                got=self,
                allowed="cpu_percent, memory_percent or requests_per_target",
                fix="leave cpu_percent out, which sets 60",
            )


def desired_count_of(given: int | None, scaling: Scaling | None, *, load_balanced: bool) -> int | None:
    """The number of tasks in the template; None if scaling sets it.

    Raises:
        InvalidInputError: If it is not a number, or set together with scaling.
    """
    if scaling is None:
        count = DEFAULT_COUNT if given is None else given
        if not is_token(count) and count < 0:
            raise InvalidInputError(
                "desired_count is not a number of tasks",
                got=count,
                allowed="0 or more",
                fix="write desired_count=2",
            )
        return count
    scaling.check(load_balanced=load_balanced)
    if given is not None:
        raise InvalidInputError(
            "With desired_count, each deployment would undo scaling",
            got=given,
            allowed="either desired_count or scaling",
            fix="leave desired_count out; Scaling.min is the minimum number of tasks",
        )
    return None


def scale(
    service: ecs.BaseService, scaling: Scaling, target_group: elbv2.ApplicationTargetGroup | None
) -> ecs.ScalableTaskCount:
    """Add Application Auto Scaling to a service."""
    count = service.auto_scale_task_count(min_capacity=scaling.min, max_capacity=scaling.max)
    if scaling.cpu_percent is not None:
        count.scale_on_cpu_utilization("Cpu", target_utilization_percent=scaling.cpu_percent)
    if scaling.memory_percent is not None:
        count.scale_on_memory_utilization("Memory", target_utilization_percent=scaling.memory_percent)
    if scaling.requests_per_target is not None and target_group is not None:
        count.scale_on_request_count(
            "Requests", requests_per_target=scaling.requests_per_target, target_group=target_group
        )
    return count
