"""An app of plain `ecr.Repository`, made from a workload (see workload.py): typescript/app.ts in Python.

python plain_app.py <workload.json> <folder for the cloud assembly>
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

CDK_JSON = Path(__file__).parent.parent / "cdk.json"
PULL_ACTIONS = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
TAG_STATUS = {
    "any": ecr.TagStatus.ANY,
    "tagged": ecr.TagStatus.TAGGED,
    "untagged": ecr.TagStatus.UNTAGGED,
}


class RepositoriesStack(cdk.Stack):
    def __init__(
        self, scope: Construct, id: str, repositories: list[dict[str, Any]], *, env: cdk.Environment
    ) -> None:
        super().__init__(scope, id, env=env)
        key = kms.Key(
            self,
            "RegistryConstructsKey",
            alias=f"ecr/{id}",
            description=f"Encrypts the container images of stack {id}",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        for described in repositories:
            repository = ecr.Repository(
                self,
                described["id"],
                repository_name=described["name"],
                encryption_key=key,
                image_scan_on_push=True,
                lifecycle_rules=[lifecycle_rule(rule) for rule in described["lifecycle"]["rules"]],
                **tag_mutability(described["immutableExcept"]),
            )
            for tag, value in described["tags"].items():
                cdk.Tags.of(repository).add(tag, value)
            if described["pullAccounts"]:
                repository.add_to_resource_policy(
                    iam.PolicyStatement(
                        actions=PULL_ACTIONS,
                        principals=[iam.AccountPrincipal(account) for account in described["pullAccounts"]],
                    )
                )


def tag_mutability(immutable_except: list[str] | None) -> dict[str, Any]:
    if immutable_except is None:
        return {"image_tag_mutability": ecr.TagMutability.IMMUTABLE}
    return {
        "image_tag_mutability": ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION,
        "image_tag_mutability_exclusion_filters": [
            ecr.ImageTagMutabilityExclusionFilter.wildcard(pattern) for pattern in immutable_except
        ],
    }


def lifecycle_rule(rule: dict[str, Any]) -> ecr.LifecycleRule:
    selection = rule["selection"]
    number = selection["countNumber"]
    by_age = selection["countType"] == "sinceImagePushed"
    return ecr.LifecycleRule(
        rule_priority=rule["rulePriority"],
        description=rule.get("description"),
        tag_status=TAG_STATUS[selection["tagStatus"]],
        tag_pattern_list=selection.get("tagPatternList"),
        tag_prefix_list=selection.get("tagPrefixList"),
        max_image_age=cdk.Duration.days(number) if by_age else None,
        max_image_count=None if by_age else number,
    )


def main() -> None:
    workload, folder = sys.argv[1:]
    app = cdk.App(outdir=folder, context=json.loads(CDK_JSON.read_text("utf-8"))["context"])
    for stack in json.loads(Path(workload).read_text("utf-8"))["stacks"]:
        RepositoriesStack(
            app,
            stack["name"],
            stack["repositories"],
            env=cdk.Environment(account="111122223333", region="eu-west-1"),
        )
    app.synth()


if __name__ == "__main__":
    main()
