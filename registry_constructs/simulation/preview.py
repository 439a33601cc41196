"""A simulation in the shape that `aws ecr get-lifecycle-policy-preview` prints, and two of them compared."""

from __future__ import annotations

from typing import Any, NamedTuple

from registry_constructs.ecr.lifecycle import Action
from registry_constructs.simulation.details import write_time
from registry_constructs.simulation.image import Inventory, SimulatedImage
from registry_constructs.simulation.outcome import Outcome, Simulation


def preview(simulation: Simulation, inventory: Inventory) -> dict[str, Any]:
    """The result as ECR's API has it, the oldest image first.

    Dates are ISO 8601 in UTC. A referrer that follows its subject has the rule of the subject.
    `transitioningImageTotalCounts` is there only if an image would be archived, as in the API.
    """
    head = {
        "registryId": inventory.account,
        "repositoryName": inventory.repository_name,
        "lifecyclePolicyText": simulation.policy.to_json(),
        "status": "COMPLETE",
    }
    summary: dict[str, Any] = {"expiringImageTotalCount": simulation.total(Action.EXPIRE)}
    if archived := simulation.total(Action.TRANSITION):
        summary["transitioningImageTotalCounts"] = [
            {"targetStorageClass": "ARCHIVE", "imageTotalCount": archived}
        ]
    return {
        **{key: value for key, value in head.items() if value},
        "previewResults": [_result(outcome) for outcome in simulation.going()],
        "summary": summary,
    }


class PolicyEffect(NamedTuple):
    """An image that two policies treat differently.

    Attributes:
        image: The image.
        old: What the first policy does to it.
        new: What the second one does.
    """

    image: SimulatedImage
    old: Outcome
    new: Outcome


def changes(old: Simulation, new: Simulation) -> list[PolicyEffect]:
    """The images to which two policies do different things, oldest first.

    Args:
        old: The first policy's simulation.
        new: The second one's, of the same images in the same order at the same time.
    """
    found = [
        PolicyEffect(one.image, one, other)
        for one, other in zip(old, new, strict=True)
        if one.action is not other.action
    ]
    return sorted(found, key=lambda change: (change.image.counted_from, change.image.digest))


def _result(outcome: Outcome) -> dict[str, Any]:
    image, rule = outcome.image, outcome.rule
    action: dict[str, str] = {"type": "EXPIRE"}
    if outcome.action is Action.TRANSITION:
        action = {"type": "TRANSITION", "targetStorageClass": "ARCHIVE"}
    return {
        **({"imageTags": list(image.tags)} if image.tags else {}),
        "imageDigest": image.digest,
        "imagePushedAt": write_time(image.pushed_at),
        "action": action,
        "appliedRulePriority": rule.priority if rule else None,
        "storageClass": image.storage_class.value.upper(),
    }
