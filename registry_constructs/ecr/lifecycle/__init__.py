"""ECR lifecycle policies: which images a repository expires or archives, checked before anything is deployed.

Nothing here needs the CDK, boto3 or Node.
"""

from __future__ import annotations

from registry_constructs.ecr.lifecycle import presets
from registry_constructs.ecr.lifecycle.advice import LifecycleWarning
from registry_constructs.ecr.lifecycle.grammar import Action, CountType, StorageClass, TagStatus
from registry_constructs.ecr.lifecycle.policy import LifecyclePolicy
from registry_constructs.ecr.lifecycle.rule import LifecycleRule

__all__ = [
    "Action",
    "CountType",
    "LifecyclePolicy",
    "LifecycleRule",
    "LifecycleWarning",
    "StorageClass",
    "TagStatus",
    "presets",
]
