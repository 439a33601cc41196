"""The actions of ECR that each task needs: pulling, pushing, replicating, caching, reading scans."""

from __future__ import annotations

from typing import Final

PULL_ACTIONS: Final = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
"""What a client needs to pull, next to `ecr:GetAuthorizationToken` (UG repository-policy-examples)."""

LAMBDA_PULL_ACTIONS: Final = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
"""What Lambda needs to pull; it asks for no token (Lambda guide, images-create)."""

PUSH_ACTIONS: Final = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
"""What a client needs to push; `ecr:BatchGetImage` is on AWS's list since 2025 (UG image-push-iam)."""

PUBLIC_PUSH_ACTIONS: Final = (
    "ecr-public:BatchCheckLayerAvailability",
    "ecr-public:CompleteLayerUpload",
    "ecr-public:InitiateLayerUpload",
    "ecr-public:PutImage",
    "ecr-public:UploadLayerPart",
)
"""What a client needs to push, next to the two token actions (ECR Public guide, public-image-push-iam)."""

REPLICATION_ACTIONS: Final = ("ecr:CreateRepository", "ecr:ReplicateImage")
"""What a source account needs in the destination's registry policy (UG registry-permissions)."""

IMPORT_ACTIONS: Final = ("ecr:BatchImportUpstreamImage", "ecr:CreateRepository")
"""What a puller needs for the first pull through a cache (UG pull-through-cache-iam)."""

UPSTREAM_READ_ACTIONS: Final = (
    "ecr:BatchGetImage",
    "ecr:BatchImportUpstreamImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:GetImageCopyStatus",
)
"""What an upstream ECR registry must allow the cache's account (UG pull-through-cache-private)."""

CACHE_WRITE_ACTIONS: Final = (
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
"""What ECR does in the cache with the role for another account's upstream, beside reading (same page)."""

INSPECTOR_ACTIONS: Final = ("inspector2:ListCoverage", "inspector2:ListFindings")
"""What reading an enhanced scan takes beside ECR's actions (UG image-scanning-enhanced-iam); on `*` alone."""


def scan_actions(*, signed: bool = False, start: bool = False) -> list[str]:
    """What reading the scan of an image takes, on its repository.

    Args:
        signed: Whether the image's signing status is read too.
        start: Whether a scan is started where there is none.
    """
    actions = ["ecr:BatchGetImage", "ecr:DescribeImageScanFindings", "ecr:DescribeImages"]
    actions += ["ecr:DescribeImageSigningStatus"] if signed else []
    return actions + (["ecr:StartImageScan"] if start else [])
