"""Resources of which the rules' examples are made."""

from __future__ import annotations

import json
from typing import Any

Resource = dict[str, Any]


def repository(**properties: object) -> Resource:
    """A private repository with these properties and no others."""
    return {"Type": "AWS::ECR::Repository", "Properties": properties}


def allowing(principal: object, *actions: str, **condition: object) -> Resource:
    """A policy of one statement that allows a principal something: to pull, unless actions are given."""
    actions = actions or ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
    statement = {"Effect": "Allow", "Principal": principal, "Action": list(actions), **condition}
    return {"Version": "2012-10-17", "Statement": [statement]}


def lifecycle(*selections: Resource) -> Resource:
    """A lifecycle policy whose rules delete what these select, the first with priority 1."""
    rules = [
        {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}
        for priority, selection in enumerate(selections, 1)
    ]
    return {"LifecyclePolicyText": json.dumps({"rules": rules})}


KEEP_THE_NEWEST = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 50}
UNTAGGED_FOR_A_WEEK = {
    "tagStatus": "untagged",
    "countType": "sinceImagePushed",
    "countUnit": "days",
    "countNumber": 7,
}
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
TAG = {"Key": "team", "Value": "shop"}
