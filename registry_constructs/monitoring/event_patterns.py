"""EventBridge patterns for the events that ECR and Amazon Inspector send about images.

Both send them on a best effort basis to the default event bus of the registry's account and Region. UG is the
Amazon ECR User Guide: ecr-eventbridge, image-scanning-enhanced-events.

Repositories are given as a sequence of names or of filters with `*` for any run of characters; None is all of
them. A name may be a token.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events as events

from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle.patterns import can_match
from registry_constructs.ecr.severities import RATED_SEVERITIES, RatedSeverity
from registry_constructs.ecr.tokens import is_token

_UNRATED = {"ECR Image Scan": "UNDEFINED", "Inspector2 Finding": "UNTRIAGED"}
_FOUND = [{"numeric": [">", 0]}]


def image_pushed(
    *, repositories: Sequence[str] | None = None, tags: Sequence[str] | None = None
) -> events.EventPattern:
    """Pattern for pushed images: one event per tag, and one without `image-tag` for a push by digest.

    Args:
        repositories: Default: all.
        tags: Tags, or filters with `*`. Default: all, and images without one.
    """
    detail = {"action-type": ["PUSH"], "result": ["SUCCESS"], **_named(repositories)}
    if tags is not None:
        detail["image-tag"] = _matching(tags)
    return _pattern("aws.ecr", "ECR Image Action", detail)


def referrer_pushed(*, repositories: Sequence[str] | None = None) -> events.EventPattern:
    """Pattern for pushed artifacts that may refer to an image: untagged, or tagged with a digest.

    Signatures and SBOMs refer by their manifest, or by a tag `sha256-...` (OCI Distribution Specification,
    referrers tag schema; cosign before version 3). The platforms of an index are pushed without a tag too.

    Args:
        repositories: Default: all.
    """
    untagged: list[Any] = [{"image-tag": [{"exists": False}]}, {"image-tag": ["", {"prefix": "sha256-"}]}]
    detail = {"action-type": ["PUSH"], "result": ["SUCCESS"], **_named(repositories), "$or": untagged}
    return events.EventPattern(
        source=["aws.ecr"], detail_type=["ECR Image Action", "ECR Referrer Action"], detail=detail
    )


def basic_scan_completed(
    *, severity: RatedSeverity | None = None, repositories: Sequence[str] | None = None
) -> events.EventPattern:
    """Pattern for completed basic scans; one event per image.

    Args:
        severity: Only with findings of this severity or a higher one. `"INFORMATIONAL"` is any finding,
            those without a severity included. Default: any scan, with findings or without.
        repositories: Default: all.
    """
    detail = {"scan-status": ["COMPLETE"], **_named(repositories)}
    if severity is not None:
        detail |= _counted(_at_least("ECR Image Scan", severity))
    return _pattern("aws.ecr", "ECR Image Scan", detail)


def enhanced_scan_completed(
    *, severity: RatedSeverity | None = None, repositories: Sequence[str] | None = None
) -> events.EventPattern:
    """Pattern for completed first enhanced scans; one event per image.

    Findings of later scans are sent only as `image_finding`. Inspector counts critical, high and medium
    findings, and all of them; so `"LOW"` and `"INFORMATIONAL"` both match any finding.

    Args:
        severity: Only with findings of this severity or a higher one. Default: any scan.
        repositories: Default: all.
    """
    detail: dict[str, Any] = {"scan-status": ["INITIAL_SCAN_COMPLETE"]}
    # Inspector scans machines and functions too. Of an image, `repository-name` is the repository's ARN.
    detail["repository-name"] = (
        [{"wildcard": "arn:*:ecr:*"}]
        if repositories is None
        else [
            {"wildcard": f"arn:*:repository/{name}"} if "*" in name else {"suffix": f":repository/{name}"}
            for name in repositories
        ]
    )
    if severity in {"LOW", "INFORMATIONAL"}:
        detail |= _counted(["TOTAL"])
    elif severity is not None:
        detail |= _counted(_at_least("Inspector2 Scan", severity))
    return _pattern("aws.inspector2", "Inspector2 Scan", detail)


def image_finding(
    *, severity: RatedSeverity, repositories: Sequence[str] | None = None
) -> events.EventPattern:
    """Pattern for created or changed Inspector findings; one event per finding, also for first scans.

    Args:
        severity: Only findings of this severity or a higher one; `"INFORMATIONAL"` is all of them.
        repositories: Default: all.
    """
    resource: dict[str, Any] = {"type": ["AWS_ECR_CONTAINER_IMAGE"]}
    if repositories is not None:
        resource["details"] = {"awsEcrContainerImage": {"repositoryName": _matching(repositories)}}
    detail = {
        "status": ["ACTIVE"],
        "severity": _at_least("Inspector2 Finding", severity),
        "resources": resource,
    }
    return _pattern("aws.inspector2", "Inspector2 Finding", detail)


def replication_failed(*, repositories: Sequence[str] | None = None) -> events.EventPattern:
    """Pattern for failed replications; the destination's account and Region get the event.

    Args:
        repositories: Default: all.
    """
    detail = {"action-type": ["REPLICATE"], "result": ["FAILED"], **_named(repositories)}
    return _pattern("aws.ecr", "ECR Replication Action", detail)


def cache_pull_failed(*, repositories: Sequence[str] | None = None) -> events.EventPattern:
    """Pattern for failed pulls through a cache and failed refreshes of cached images.

    Args:
        repositories: Default: all.
    """
    # UG shows only the status of success, so any other status is a failure.
    detail = {"sync-status": [{"anything-but": ["SUCCESS"]}], **_named(repositories)}
    return _pattern("aws.ecr", "ECR Pull Through Cache Action", detail)


def checked_severity(severity: RatedSeverity) -> RatedSeverity:
    """Check that a severity is one that both scanners have, and return it.

    Raises:
        InvalidInputError: For any other.
    """
    if severity not in RATED_SEVERITIES:
        raise InvalidInputError(
            "Not a severity",
            got=severity,
            allowed=" or ".join(RATED_SEVERITIES),
            fix="write severity='HIGH' for high and critical findings",
        )
    return severity


def checked_repositories(repositories: Sequence[str | ecr.IRepository] | None) -> list[str] | None:
    """Check repository names and filters for EventBridge, and return them; tokens pass.

    Raises:
        InvalidInputError: For no list, an empty one, or a filter that EventBridge refuses.
    """
    if repositories is None:
        return None
    if isinstance(repositories, str) or not isinstance(repositories, Sequence) or not repositories:
        raise InvalidInputError(
            "repositories is not a list of names",
            got=repositories,
            allowed="a list of repositories, names or filters with '*', or None for all repositories",
            fix="write repositories=['shop/*']",
        )
    names: list[Any] = [
        one if isinstance(one, str) else getattr(one, "repository_name", one) for one in repositories
    ]
    for name in names:
        # EventBridge refuses two wildcards in a row.
        if not isinstance(name, str) or not name or (not is_token(name) and "**" in name):
            raise InvalidInputError(
                "repositories has a name that no repository matches",
                got=name,
                allowed="a repository, its name, or a filter with single '*' for any run of characters",
                fix="write repositories=['shop/*']",
            )
    return names


def checked_tags(tags: Sequence[str]) -> list[str]:
    """Check tags and tag filters for EventBridge, and return them; tokens pass.

    Raises:
        InvalidInputError: For no list, an empty one, or a tag that no image can have.
    """
    if isinstance(tags, str) or not isinstance(tags, Sequence) or not tags:
        raise InvalidInputError(
            "tags is not a list of tags",
            got=tags,
            allowed="a list of tags, or of filters with '*'",
            fix="write tags=['v*']",
        )
    for tag in tags:
        # EventBridge refuses two wildcards in a row.
        if not isinstance(tag, str) or (not is_token(tag) and ("**" in tag or not can_match(tag))):
            raise InvalidInputError(
                "tags has one that no image can have",
                got=tag,
                allowed=f"{limits.IMAGE_TAG.pattern}, with single '*' for any run of characters",
                fix="write tags=['v*']",
            )
    return list(tags)


def _pattern(source: str, detail_type: str, detail: dict[str, Any]) -> events.EventPattern:
    return events.EventPattern(source=[source], detail_type=[detail_type], detail=detail)


def _named(repositories: Sequence[str] | None) -> dict[str, Any]:
    return {} if repositories is None else {"repository-name": _matching(repositories)}


def _matching(values: Sequence[str]) -> list[Any]:
    return [{"wildcard": value} if "*" in value else value for value in values]


def _at_least(detail_type: str, severity: RatedSeverity) -> list[str]:
    """The severities from this one upwards, as spelled in the event."""
    found: list[str] = list(RATED_SEVERITIES[: RATED_SEVERITIES.index(severity) + 1])
    if severity == "INFORMATIONAL":
        found.append(_UNRATED[detail_type])
    return found


def _counted(severities: Sequence[str]) -> dict[str, Any]:
    """A filter for any of the counts above zero; the event omits severities without findings."""
    counts: list[dict[str, Any]] = [{name: _FOUND} for name in severities]
    return {"finding-severity-counts": counts[0] if len(counts) == 1 else {"$or": counts}}
