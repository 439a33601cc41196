"""The actions on a repository that pulling and pushing need."""

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
