"""One event of every kind that ECR and Amazon Inspector send about images, field for field as documented.

ECR's own events: Amazon ECR User Guide, "Amazon ECR events and EventBridge". Enhanced scanning: the same
guide, "EventBridge events sent for enhanced scanning", and the Amazon Inspector User Guide, "Amazon
EventBridge event schema for Amazon Inspector events". The fields of a failed cache pull are those of the
event schema `aws.ecr@ECRPullThroughCacheAction`; AWS shows no sample of one.

Every event speaks of account 111122223333 in eu-west-1. `sample(...)` gives a copy with details changed.
"""

from __future__ import annotations

import copy
from typing import Any

Event = dict[str, Any]

ACCOUNT = "111122223333"
REGION = "eu-west-1"
DIGEST = f"sha256:{'0123456789abcdef' * 4}"
REPOSITORY = "shop/checkout"


def repository_arn(name: str = REPOSITORY) -> str:
    return f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}"


def _event(source: str, detail_type: str, detail: Event, *, resources: list[str] | None = None) -> Event:
    return {
        "version": "0",
        "id": "13cde686-328b-6117-af20-0e5566167482",
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": "2026-11-16T01:54:34Z",
        "region": REGION,
        "resources": resources or [],
        "detail": detail,
    }


def _action(action: str, *, result: str = "SUCCESS", **more: str) -> Event:
    detail = {
        "result": result,
        "repository-name": REPOSITORY,
        "image-digest": DIGEST,
        "action-type": action,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return _event("aws.ecr", "ECR Image Action", detail)


_IMAGE = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_ACTIVATED = "2026-11-10T19:13:02.74Z"


def _storage(target: str, *, result: str = "SUCCESS", **more: str) -> Event:
    return _action(
        "UPDATE_STORAGE_CLASS",
        result=result,
        target_storage_class=target,
        manifest_media_type=_IMAGE,
        artifact_media_type=_CONFIG,
        **more,
    )


def _basic_scan(status: str, counts: dict[str, int], *, tags: list[str]) -> Event:
    detail = {
        "scan-status": status,
        "repository-name": REPOSITORY,
        "finding-severity-counts": counts,
        "image-digest": DIGEST,
        "image-tags": tags,
    }
    return _event("aws.ecr", "ECR Image Scan", detail, resources=[repository_arn()])


def _cache(status: str, **more: str) -> Event:
    detail = {
        "rule-version": "1",
        "sync-status": status,
        "ecr-repository-prefix": "docker-hub",
        "repository-name": "docker-hub/library/alpine",
        "upstream-registry-url": "registry-1.docker.io",
        "image-tag": "3.22",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    resources = [repository_arn("docker-hub/library/alpine")]
    return _event("aws.ecr", "ECR Pull Through Cache Action", detail, resources=resources)


def _replication(result: str) -> Event:
    detail = {
        "result": result,
        "repository-name": REPOSITORY,
        "image-digest": DIGEST,
        "source-account": "222233334444",
        "action-type": "REPLICATE",
        "source-region": "eu-central-1",
        "image-tag": "1.4.2",
    }
    return _event("aws.ecr", "ECR Replication Action", detail, resources=[repository_arn()])


def _inspector_scan(counts: dict[str, int]) -> Event:
    # The repository's "name" is its ARN here. Low severities are in TOTAL alone.
    detail = {
        "scan-status": "INITIAL_SCAN_COMPLETE",
        "repository-name": repository_arn(),
        "finding-severity-counts": counts,
        "image-digest": DIGEST,
        "image-tags": ["1.4.2", "stable"],
        "version": "1.0",
    }
    return _event("aws.inspector2", "Inspector2 Scan", detail, resources=[repository_arn()])


def _inspector_scan_of_an_instance() -> Event:
    detail = {
        "scan-status": "INITIAL_SCAN_COMPLETE",
        "finding-severity-counts": {"CRITICAL": 1, "HIGH": 0, "MEDIUM": 0, "TOTAL": 1},
        "instance-id": "i-087d63509b8c97098",
        "version": "1.0",
    }
    return _event("aws.inspector2", "Inspector2 Scan", detail, resources=["i-087d63509b8c97098"])


def _finding(severity: str, *, pushed: str, observed: str, updated: str, status: str = "ACTIVE") -> Event:
    image = f"{repository_arn()}/{DIGEST}"
    detail = {
        "awsAccountId": ACCOUNT,
        "description": "In libssh2 v1.9.0 and earlier versions, packet.c has an integer overflow.",
        "exploitAvailable": "NO",
        "findingArn": f"arn:aws:inspector2:{REGION}:{ACCOUNT}:finding/be674aaddd0f75ac632055",
        "firstObservedAt": observed,
        "fixAvailable": "YES",
        "inspectorScore": 8.1,
        "inspectorScoreDetails": {
            "adjustedCvss": {
                "adjustments": [],
                "cvssSource": "NVD",
                "score": 8.1,
                "scoreSource": "NVD",
                "scoringVector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:N/A:H",
                "version": "3.1",
            }
        },
        "lastObservedAt": updated,
        "packageVulnerabilityDetails": {
            "cvss": [
                {
                    "baseScore": 8.1,
                    "scoringVector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:N/A:H",
                    "source": "NVD",
                    "version": "3.1",
                }
            ],
            "referenceUrls": ["https://access.redhat.com/errata/RHSA-2020:3915"],
            "source": "REDHAT_CVE",
            "sourceUrl": "https://access.redhat.com/security/cve/CVE-2019-17498",
            "vendorCreatedAt": "Oct 16, 2019, 12:00:00 AM",
            "vendorSeverity": "Moderate",
            "vulnerabilityId": "CVE-2019-17498",
            "vulnerablePackages": [
                {
                    "arch": "X86_64",
                    "epoch": 0,
                    "name": "libssh2",
                    "packageManager": "OS",
                    "release": "12.amzn2.2",
                    "sourceLayerHash": DIGEST,
                    "version": "1.4.3",
                }
            ],
        },
        "remediation": {"recommendation": {"text": "Update all packages to their latest versions."}},
        "resources": [
            {
                "details": {
                    "awsEcrContainerImage": {
                        "architecture": "amd64",
                        "imageHash": DIGEST,
                        "imageTags": ["1.4.2", "stable"],
                        "platform": "AMAZON_LINUX_2",
                        "pushedAt": pushed,
                        "lastInUseAt": updated,
                        "inUseCount": 1,
                        "registry": ACCOUNT,
                        "repositoryName": REPOSITORY,
                    }
                },
                "id": image,
                "partition": "N/A",
                "region": "N/A",
                "type": "AWS_ECR_CONTAINER_IMAGE",
            }
        ],
        "severity": severity,
        "status": status,
        "title": "CVE-2019-17498 - libssh2",
        "type": "PACKAGE_VULNERABILITY",
        "updatedAt": updated,
    }
    return _event("aws.inspector2", "Inspector2 Finding", detail, resources=[image])


def _finding_of_an_instance() -> Event:
    event = _finding("CRITICAL", pushed=_OBSERVED, observed=_OBSERVED, updated=_OBSERVED)
    event["resources"] = [f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/i-087d63509b8c97098"]
    event["detail"]["resources"] = [
        {
            "details": {"awsEc2Instance": {"imageId": "ami-0f2c2b4d4d1d1c1b1", "platform": "AMAZON_LINUX_2"}},
            "id": "i-087d63509b8c97098",
            "partition": "aws",
            "region": REGION,
            "type": "AWS_EC2_INSTANCE",
        }
    ]
    return event


_OBSERVED = "Nov 16, 2026, 1:54:30 AM"

SAMPLES: dict[str, Event] = {
    "push": _action("PUSH", image_tag="1.4.2"),
    "push untagged": _action("PUSH"),
    "push failed": _action("PUSH", result="FAILURE", image_tag="1.4.2"),
    "delete": _action("DELETE", image_tag="1.4.2"),
    "delete untagged": _action("DELETE"),
    "delete failed": _action("DELETE", result="FAILURE", image_tag="1.4.2"),
    "archive": _storage("ARCHIVE"),
    "archive failed": _storage("ARCHIVE", result="FAILURE"),
    "restore": _storage("STANDARD", last_activated_at=_ACTIVATED),
    "restore of a referrer": _event(
        "aws.ecr",
        "ECR Referrer Action",
        {
            "action-type": "UPDATE_STORAGE_CLASS",
            "target-storage-class": "STANDARD",
            "image-digest": DIGEST,
            "repository-name": REPOSITORY,
            "result": "SUCCESS",
            "manifest-media-type": "application/vnd.cncf.oras.artifact.manifest.v1+json",
            "artifact-media-type": "text/sbom+json",
            "last-activated-at": _ACTIVATED,
        },
    ),
    # A severity without findings has no count.
    "basic scan": _basic_scan("COMPLETE", {"CRITICAL": 10, "MEDIUM": 9}, tags=["1.4.2", "stable"]),
    "basic scan untagged": _basic_scan("COMPLETE", {"HIGH": 1}, tags=[]),
    "basic scan low": _basic_scan("COMPLETE", {"LOW": 4, "INFORMATIONAL": 2}, tags=["1.4.2"]),
    "basic scan undefined": _basic_scan("COMPLETE", {"UNDEFINED": 3}, tags=["1.4.2"]),
    "basic scan clean": _basic_scan("COMPLETE", {}, tags=["1.4.2"]),
    "basic scan failed": _basic_scan("FAILED", {}, tags=["1.4.2"]),
    "scan frequency change": _event(
        "aws.ecr",
        "ECR Scan Resource Change",
        {
            "action-type": "SCAN_FREQUENCY_CHANGE",
            "repositories": [
                {
                    "repository-name": REPOSITORY,
                    "repository-arn": repository_arn(),
                    "scan-frequency": "CONTINUOUS_SCAN",
                    "previous-scan-frequency": "SCAN_ON_PUSH",
                }
            ],
            "resource-type": "REPOSITORY",
            "scan-type": "ENHANCED",
        },
    ),
    "cache pull": _cache("SUCCESS", image_digest=DIGEST),
    "cache pull failed": _cache(
        "FAILURE", failure_code="UpstreamAccessDenied", failure_reason='Upstream said "unauthorized"'
    ),
    "replication": _replication("SUCCESS"),
    "replication failed": _replication("FAILED"),
    "enhanced scan": _inspector_scan({"CRITICAL": 7, "HIGH": 61, "MEDIUM": 62, "TOTAL": 158}),
    "enhanced scan low": _inspector_scan({"CRITICAL": 0, "HIGH": 0, "MEDIUM": 0, "TOTAL": 5}),
    "enhanced scan clean": _inspector_scan({"CRITICAL": 0, "HIGH": 0, "MEDIUM": 0, "TOTAL": 0}),
    "enhanced scan of an instance": _inspector_scan_of_an_instance(),
    "finding of the first scan": _finding(
        "HIGH", pushed="Nov 16, 2026, 1:50:13 AM", observed=_OBSERVED, updated=_OBSERVED
    ),
    # Found again when the vulnerability became known, weeks after the push; Inspector writes both formats.
    "finding of a rescan": _finding(
        "HIGH",
        pushed="Wed Oct 14 16:55:28.000 UTC 2026",
        observed="Mon Nov 16 01:54:30.411 UTC 2026",
        updated="Mon Nov 16 01:54:30.951 UTC 2026",
    ),
    "finding updated": _finding(
        "HIGH",
        pushed="Wed Oct 14 16:55:28.000 UTC 2026",
        observed="Wed Oct 14 17:05:28.000 UTC 2026",
        updated="Mon Nov 16 01:54:30.951 UTC 2026",
    ),
    "finding closed": _finding(
        "HIGH",
        pushed="Wed Oct 14 16:55:28.000 UTC 2026",
        observed="Wed Oct 14 17:05:28.000 UTC 2026",
        updated="Mon Nov 16 01:54:30.951 UTC 2026",
        status="CLOSED",
    ),
    "finding medium": _finding(
        "MEDIUM", pushed="Nov 1, 2026, 1:50:13 AM", observed=_OBSERVED, updated=_OBSERVED
    ),
    "finding untriaged": _finding(
        "UNTRIAGED", pushed="Nov 1, 2026, 1:50:13 AM", observed=_OBSERVED, updated=_OBSERVED
    ),
    "finding of an instance": _finding_of_an_instance(),
    "PutImage in CloudTrail": _event(
        "aws.ecr",
        "AWS API Call via CloudTrail",
        {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "AssumedRole",
                "principalId": "AROAEXAMPLE:pipeline",
                "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Pipeline/pipeline",
                "accountId": ACCOUNT,
                "accessKeyId": "ASIAEXAMPLE",
                "sessionContext": {
                    "sessionIssuer": {
                        "type": "Role",
                        "principalId": "AROAEXAMPLE",
                        "arn": f"arn:aws:iam::{ACCOUNT}:role/Pipeline",
                        "accountId": ACCOUNT,
                        "userName": "Pipeline",
                    },
                    "attributes": {"creationDate": "2026-11-16T01:50:00Z", "mfaAuthenticated": "false"},
                },
            },
            "eventTime": "2026-11-16T01:54:34Z",
            "eventSource": "ecr.amazonaws.com",
            "eventName": "PutImage",
            "awsRegion": REGION,
            "sourceIPAddress": "203.0.113.12",
            "userAgent": "docker/29.0",
            "requestParameters": {
                "registryId": ACCOUNT,
                "repositoryName": REPOSITORY,
                "imageTag": "1.4.2",
                "imageManifestMediaType": _IMAGE,
                "imageManifest": '{"schemaVersion": 2}',
            },
            "responseElements": {
                "image": {
                    "registryId": ACCOUNT,
                    "repositoryName": REPOSITORY,
                    "imageId": {"imageDigest": DIGEST, "imageTag": "1.4.2"},
                    "imageManifestMediaType": _IMAGE,
                    "imageManifest": '{"schemaVersion": 2}',
                }
            },
            "requestID": "cf044b7d-5f9d-11e9-9b2a-95983139cc57",
            "eventID": "2bfd4ee2-2178-4a82-a27d-b12939923f0f",
            "readOnly": False,
            "resources": [{"ARN": repository_arn(), "accountId": ACCOUNT}],
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": ACCOUNT,
            "eventCategory": "Management",
        },
    ),
}
"""By what happened. AWS shows no sample of a failed image action: only its `result` differs here."""


def sample(kind: str, **detail: Any) -> Event:
    """A copy of one event, with some details changed: `repository_name=` is `repository-name`."""
    event = copy.deepcopy(SAMPLES[kind])
    event["detail"] |= {name.replace("_", "-"): value for name, value in detail.items()}
    return event
