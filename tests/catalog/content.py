"""Repositories of every kind, made by boto3 as people made them before there was a catalog."""

from __future__ import annotations

import json
from typing import Any

from registry_constructs.ecr.actions import LAMBDA_PULL_ACTIONS, PULL_ACTIONS, PUSH_ACTIONS
from registry_constructs.ecr.lifecycle import LifecyclePolicy, LifecycleRule, presets
from registry_constructs.local.connection import Connection

ROLE = "arn:aws:iam::444455556666:role/ci"


def policy(*statements: tuple[Any, ...]) -> str:
    """A policy of statements: principal, actions and, for some, a condition."""
    said = [
        {"Effect": "Allow", "Principal": principal, "Action": list(actions)}
        | ({"Condition": condition[0]} if condition else {})
        for principal, actions, *condition in statements
    ]
    return json.dumps({"Version": "2008-10-17", "Statement": said})


class Registry:
    """Makes repositories in an account and Region.

    Attributes:
        key: A key of the customer.
    """

    def __init__(self, aws: Connection, account: str, region: str) -> None:
        self.account, self.region = account, region
        self.ecr = aws.client("ecr", account=account, region=region)
        kms = aws.client("kms", account=account, region=region)
        self.key: str = kms.create_key(Description="images")["KeyMetadata"]["Arn"]

    def make(
        self,
        name: str,
        *,
        lifecycle: LifecyclePolicy | None = None,
        policy: str = "",
        tags: dict[str, str] | None = None,
        filters: tuple[str, ...] = (),
        images: int = 0,
        **request: Any,
    ) -> None:
        """Make a repository with all that belongs to it."""
        if filters:
            request["imageTagMutabilityExclusionFilters"] = [
                {"filterType": "WILDCARD", "filter": one} for one in filters
            ]
        said = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
        self.ecr.create_repository(repositoryName=name, tags=said, **request)
        if lifecycle:
            self.ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=lifecycle.to_json())
        if policy:
            self.ecr.set_repository_policy(repositoryName=name, policyText=policy)
        for number in range(images):
            manifest = json.dumps({"schemaVersion": 2, "name": name, "number": number})
            self.ecr.put_image(repositoryName=name, imageManifest=manifest, imageTag=f"v{number}")

    def every_kind(self) -> None:
        """Repositories of which a catalog can say everything."""
        function = f"arn:aws:lambda:{self.region}:{self.account}:function:resize-*"
        organization = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
        units = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*/ou-ab12-11111111/*"}}
        self.make("base/plain", images=2)
        self.make("base/scanned", imageScanningConfiguration={"scanOnPush": True}, images=1)
        self.make("base/tagged", tags={"team": "base", "owner": "ann@example.com", "cost center": "42"})
        self.make(
            "shop/cart",
            imageTagMutability="IMMUTABLE",
            encryptionConfiguration={"encryptionType": "KMS", "kmsKey": self.key},
            lifecycle=presets.releases(),
            policy=policy(
                ({"AWS": ROLE}, {*PULL_ACTIONS, *PUSH_ACTIONS}), ({"AWS": "777788889999"}, PULL_ACTIONS)
            ),
            tags={"team": "shop"},
            images=3,
        )
        self.make(
            "shop/dsse",
            encryptionConfiguration={"encryptionType": "KMS_DSSE", "kmsKey": self.key},
            lifecycle=presets.default(untagged_days=3),
        )
        self.make("shop/own", encryptionConfiguration={"encryptionType": "KMS"}, images=1)
        self.make(
            "shop/moving",
            imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
            filters=("latest", "cache-*"),
            lifecycle=LifecyclePolicy(
                [
                    LifecycleRule.expire(tag_prefix_list=["pr-"], days_since_pushed=7, priority=10),
                    LifecycleRule.archive(days_since_pulled=200, priority=20),
                ]
            ),
        )
        self.make("shop/fixed", imageTagMutability="MUTABLE_WITH_EXCLUSION", filters=("v*",))
        self.make("web/organization", policy=policy(("*", PULL_ACTIONS, organization)))
        self.make("web/units", policy=policy(({"AWS": "*"}, PULL_ACTIONS, organization | units)))
        self.make(
            "web/function",
            policy=policy(
                (
                    {"Service": "lambda.amazonaws.com"},
                    LAMBDA_PULL_ACTIONS,
                    {"ArnLike": {"aws:SourceArn": function}},
                )
            ),
        )

    def stands(self) -> dict[str, Any]:
        """All repositories but the CDK's own with all that belongs to them, in ECR's words."""
        found = {}
        for one in self.ecr.describe_repositories()["repositories"]:
            name = one["repositoryName"]
            if name.startswith("cdk-"):
                continue
            found[name] = one | {
                "tags": self.ecr.list_tags_for_resource(resourceArn=one["repositoryArn"])["tags"],
                "images": self.ecr.describe_images(repositoryName=name)["imageDetails"],
                "lifecycle": self._text(self.ecr.get_lifecycle_policy, "lifecyclePolicyText", name),
                "policy": self._text(self.ecr.get_repository_policy, "policyText", name),
            }
        return found

    def _text(self, operation: Any, key: str, name: str) -> Any:
        try:
            return json.loads(operation(repositoryName=name)[key])
        except self.ecr.exceptions.ClientError:
            return None
