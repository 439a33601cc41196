"""What stands, as plain data."""

from __future__ import annotations

import json
from typing import Any

from registry_constructs.local import LocalAws, LocalEnvironment
from registry_constructs.local.images import image
from registry_constructs.local.registry import push
from registry_constructs.local.status import (
    ImageStatusLine,
    PrivateRepository,
    PublicRepositoryStatus,
    RegistryStatus,
    Stack,
    Status,
    read,
)
from tests.local import stacks


def test_reads_all_that_stands(local_aws: LocalAws, account: str) -> None:
    key = local_aws.client("kms", account=account).create_key()["KeyMetadata"]
    local_aws.client("kms", account=account).create_alias(AliasName="alias/images", TargetKeyId=key["KeyId"])
    rule = {"rulePriority": 1, "selection": {}, "action": {"type": "expire"}}
    allowed = {"AWS": [f"arn:aws:iam::{account}:root"], "Service": "lambda.amazonaws.com"}
    policy = {
        "Statement": [
            {"Effect": "Allow", "Principal": allowed},
            {"Effect": "Allow", "Principal": "*"},
            {"Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}},
        ]
    }
    web = {
        "RepositoryName": "web",
        "ImageTagMutability": "IMMUTABLE",
        "ImageScanningConfiguration": {"ScanOnPush": True},
        "EncryptionConfiguration": {"EncryptionType": "KMS", "KmsKey": key["Arn"]},
        "LifecyclePolicy": {"LifecyclePolicyText": json.dumps({"rules": [rule, rule]})},
        "RepositoryPolicyText": policy,
    }
    resources: dict[str, tuple[str, dict[str, Any]]] = {
        "Web": ("AWS::ECR::Repository", web),
        "Public": ("AWS::ECR::PublicRepository", {"RepositoryName": "tools"}),
    }
    stacks.Stack(local_aws, account).create(stacks.template(resources))
    local_aws.client("ecr", account=account, region="eu-west-1").create_repository(repositoryName="plain")
    digest = push(local_aws, "web", image({"a": b"a"}), tag="v1", account=account)
    places = [place for place in local_aws.environments() if place.account == account]
    status = read(local_aws, places)

    assert places == [LocalEnvironment(account, "eu-west-1"), LocalEnvironment(account, "us-east-1")]
    assert status.stacks == [Stack(account, "us-east-1", "Stack", "CREATE_COMPLETE")]
    plain, encrypted = status.repositories
    assert (plain.name, plain.encryption, plain.kms_key, plain.lifecycle_rules) == (
        "plain",
        "AES256",
        None,
        0,
    )
    assert encrypted == PrivateRepository(
        account,
        "us-east-1",
        name="web",
        uri=f"{account}.dkr.ecr.us-east-1.amazonaws.com/web",
        tag_mutability="IMMUTABLE",
        encryption="KMS",
        kms_key=key["Arn"],
        kms_alias="alias/images",
        scan_on_push=True,
        lifecycle_rules=2,
        policy_principals=["*", f"arn:aws:iam::{account}:root", "lambda.amazonaws.com"],
        images=[ImageStatusLine(digest, ["v1"], "application/vnd.oci.image.manifest.v1+json")],
    )
    (public,) = status.public_repositories
    assert public == PublicRepositoryStatus(account, "tools", public.uri)
    assert public.uri.startswith("public.ecr.aws/")
    assert public.uri.endswith("/tools")


def test_reads_what_a_registry_has_of_its_own(local_aws: LocalAws, account: str) -> None:
    ecr = local_aws.client("ecr", account=account, region="eu-west-1")
    destination = {"region": "us-east-1", "registryId": account}
    profile = f"arn:aws:signer:eu-west-1:{account}:/signing-profiles/release"
    scanned = [{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": []}]
    ecr.put_registry_policy(policyText='{"Statement": []}')
    ecr.put_replication_configuration(
        replicationConfiguration={"rules": [{"destinations": [destination]}] * 2}
    )
    ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=scanned)
    ecr.put_signing_configuration(signingConfiguration={"rules": [{"signingProfileArn": profile}]})
    ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="quay", upstreamRegistryUrl="quay.io")
    ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="k8s", upstreamRegistryUrl="registry.k8s.io")
    ecr.create_repository_creation_template(prefix="ROOT", appliedFor=["CREATE_ON_PUSH"])
    ecr.register_pull_time_update_exclusion(principalArn=f"arn:aws:iam::{account}:role/scanner")
    places = [place for place in local_aws.environments() if place.account == account]
    status = read(local_aws, [*places, LocalEnvironment(account, "us-east-1")])

    assert places == [LocalEnvironment(account, "eu-west-1")]
    assert status.registries == [
        RegistryStatus(
            account=account,
            region="eu-west-1",
            policy=True,
            replicates_to=[f"aws://{account}/us-east-1"],
            scan_type="ENHANCED",
            scan_rules=1,
            caches=2,
            templates=1,
            signing_rules=1,
            exclusions=1,
        )
    ]
    assert (status.stacks, status.repositories) == ([], [])


def test_nothing_stands_in_a_new_account(local_aws: LocalAws, account: str) -> None:
    status = read(local_aws, [LocalEnvironment(account, "us-east-1")])
    assert status == Status(stacks=[], registries=[], repositories=[], public_repositories=[], consumers=[])
