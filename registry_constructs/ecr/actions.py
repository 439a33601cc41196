"""The actions that pulling, pushing and reading scans need."""

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
