"""The main job on real input: the example app deployed by the real CDK CLI and read back through boto3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry_constructs import Catalog
from registry_constructs.catalog.rendering import policy_statements, properties
from registry_constructs.local import LocalAws, LocalAwsError, cdk, images, registry
from registry_constructs.local.connection import LocalEnvironment
from registry_constructs.local.status import read
from tests.synthesis import ROOT
from tests.test_readme import BLOCK, README

# One story: the last tests change and destroy what was deployed.
pytestmark = pytest.mark.random_order(disabled=True)

ACCOUNT, REGION = "111122223333", "eu-west-1"
AWAY = LocalEnvironment("222233334444", "eu-central-1")
"""Where the replicas go."""
STACKS = 19
NAMES = {
    "charts/checkout",
    "development/checkout",
    "platform/python-base",
    "shop/checkout",
    "shop/checkout-cache",
    "shop/thumbnails",
}
STACK_OF = {
    "Fargate service": "Fargate-Checkout",
    "EC2 service": "Ec2-Checkout",
    "Scheduled task": "Fargate-CleanUp",
    "Kubernetes deployment": "Eks-",
    "Lambda function": "Functions-Thumbnails",
}


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(account=ACCOUNT, region=REGION) as local:
        yield local


@pytest.fixture(scope="module")
def assembly(aws: LocalAws, example_assembly: Path) -> Iterator[cdk.CloudAssembly]:
    """The example app, bootstrapped and deployed."""
    with cdk.synthesized(aws, example_assembly) as app:
        app.bootstrap()
        app.deploy(concurrency=4)
        yield app


@pytest.fixture(scope="module")
def template(assembly: cdk.CloudAssembly) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((assembly.folder / "Repositories.template.json").read_text())
    return found


@pytest.fixture
def repositories(aws: LocalAws, assembly: cdk.CloudAssembly) -> dict[str, Any]:  # noqa: ARG001 - deployed
    return {repository["repositoryName"]: repository for repository in _app_repositories(aws)}


def test_the_repositories_stand_as_the_template_says(repositories: dict[str, Any]) -> None:
    assert repositories.keys() == NAMES
    for name, repository in repositories.items():
        assert repository["imageTagMutability"] == ("MUTABLE" if name.endswith("-cache") else "IMMUTABLE")
        assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
        assert repository["encryptionConfiguration"]["encryptionType"] == "KMS"


def test_they_share_a_key_that_rotates_and_has_an_alias(aws: LocalAws, repositories: dict[str, Any]) -> None:
    [key] = {repository["encryptionConfiguration"]["kmsKey"] for repository in repositories.values()}
    kms = aws.client("kms")
    described = kms.describe_key(KeyId="alias/ecr/Repositories")["KeyMetadata"]
    assert key in {described["KeyId"], described["Arn"]}
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True


def test_ecr_holds_the_lifecycle_policies_to_the_letter(
    aws: LocalAws, repositories: dict[str, Any], template: dict[str, Any]
) -> None:
    written = {
        body["Properties"]["RepositoryName"]: body["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"]
        for body in template["Resources"].values()
        if body["Type"] == "AWS::ECR::Repository"
    }
    ecr = aws.client("ecr")
    for name in repositories:
        assert ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"] == written[name]


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_the_catalog_s_repositories_stand_as_it_describes_them(
    aws: LocalAws,
    assembly: cdk.CloudAssembly,  # noqa: ARG001 - deployed
    environment: str,
) -> None:
    catalog = Catalog.load(ROOT / "examples" / "catalog")
    place = catalog.stack_environment(environment)
    ecr = aws.client("ecr", account=place.account, region=place.region)
    standing = {
        one["repositoryName"]: one
        for one in ecr.describe_repositories(maxResults=1000)["repositories"]
        if not one["repositoryName"].startswith("cdk-")
    }
    described = {one.name: one for one in catalog.repositories(environment)}
    assert standing.keys() == described.keys()
    for name, repository in described.items():
        found, expected = standing[name], properties(repository, place, "")
        assert found["imageTagMutability"] == expected["ImageTagMutability"]
        assert found["imageScanningConfiguration"] == {"scanOnPush": repository.image_scan_on_push}
        kind = expected.get("EncryptionConfiguration", {"EncryptionType": "AES256"})["EncryptionType"]
        assert found["encryptionConfiguration"]["encryptionType"] == kind
        tags = ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]
        own = {tag["Key"]: tag["Value"] for tag in tags if not tag["Key"].startswith("aws:")}
        assert own == repository.tags
        if repository.lifecycle:
            text = ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]
            assert text == repository.lifecycle.to_json()
        if statements := policy_statements(repository, place):
            text = ecr.get_repository_policy(repositoryName=name)["policyText"]
            assert json.loads(text)["Statement"] == statements


@pytest.mark.usefixtures("assembly")
def test_the_catalog_s_registries_replicate_and_its_publishers_have_roles(aws: LocalAws) -> None:
    ecr = aws.client("ecr", account="555566667777")
    [rule] = ecr.describe_registry()["replicationConfiguration"]["rules"]
    assert rule["destinations"] == [{"region": "eu-central-1", "registryId": "555566667777"}]
    assert sorted(one["filter"] for one in rule["repositoryFilters"]) == ["checkout/", "payments/"]
    for account in ("444455556666", "555566667777"):
        iam = aws.client("iam", account=account)
        assert iam.get_role(RoleName="publish-checkout-ci")["Role"]["AssumeRolePolicyDocument"]


@pytest.mark.usefixtures("assembly")
def test_two_accounts_may_pull_the_base_image(aws: LocalAws) -> None:
    text = aws.client("ecr").get_repository_policy(repositoryName="platform/python-base")["policyText"]
    [statement] = json.loads(text)["Statement"]
    assert statement["Principal"]["AWS"] == [
        "arn:aws:iam::222233334444:root",
        "arn:aws:iam::333344445555:root",
    ]
    assert set(statement["Action"]) == {
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
    }


@pytest.mark.usefixtures("assembly")
def test_the_public_repository_stands(aws: LocalAws) -> None:
    public = aws.client("ecr-public", region="us-east-1")
    [repository] = public.describe_repositories()["repositories"]
    assert repository["repositoryName"] == "shop-cli"
    catalog = public.get_repository_catalog_data(repositoryName="shop-cli")["catalogData"]
    assert catalog["description"] == "The shop's command line"
    assert catalog["architectures"] == ["x86-64", "ARM 64"]
    tags = public.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
    assert {"Key": "owner", "Value": "platform"} in tags


@pytest.mark.usefixtures("assembly")
def test_an_image_is_pushed_and_pulled_and_its_tag_stays(aws: LocalAws) -> None:
    first, second = images.image({"app": b"first"}), images.image({"app": b"second"})
    digest = registry.check_round_trip(aws, "shop/checkout", first, tag="v1")
    assert digest == first.digest
    with pytest.raises(LocalAwsError, match="refused pushing shop/checkout:v1"):
        registry.push(aws, "shop/checkout", second, tag="v1")
    registry.push(aws, "shop/checkout-cache", first, tag="main")
    assert registry.push(aws, "shop/checkout-cache", second, tag="main") == second.digest


@pytest.mark.usefixtures("assembly")
def test_a_chart_and_an_image_for_two_platforms_travel_too(aws: LocalAws) -> None:
    chart = images.chart("checkout", "1.0.0", {"service.yaml": b"kind: Service\n"})
    registry.check_round_trip(aws, "charts/checkout", chart, tag="1.0.0")
    platforms = [images.image({"app": b"x"}, architecture=name) for name in ("amd64", "arm64")]
    registry.check_round_trip(aws, "platform/python-base", images.index(*platforms), tag="v3.13")


@pytest.mark.usefixtures("assembly")
def test_each_consumer_stands_with_its_image_and_its_roles(aws: LocalAws) -> None:
    digests = {
        name: registry.push(aws, name, images.image({"app": name.encode()}), tag="v1.0.0")
        for name in ("shop/checkout", "shop/thumbnails")
    }
    found = {consumer.kind: consumer for consumer in read(aws).consumers}
    images_run = {kind: (consumer.image, consumer.image_found) for kind, consumer in found.items()}
    host = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
    checkout, thumbnails = ((f"{host}/{name}:v1.0.0", digest) for name, digest in digests.items())
    assert images_run == {
        "Fargate service": checkout,
        "EC2 service": checkout,
        "Scheduled task": checkout,
        "Kubernetes deployment": checkout,
        "Lambda function": thumbnails,
    }
    iam = aws.client("iam")
    for kind, consumer in found.items():
        [puller] = consumer.pulls_with
        assert consumer.runs_as not in {None, puller}
        for role in {consumer.runs_as, puller} - {"lambda.amazonaws.com"}:
            assert iam.get_role(RoleName=role)["Role"]["RoleName"].startswith(STACK_OF[kind]), kind


@pytest.fixture
def source(aws: LocalAws, assembly: cdk.CloudAssembly) -> Any:  # noqa: ARG001 - deployed
    return aws.client("ecr")


@pytest.fixture
def destination(aws: LocalAws, assembly: cdk.CloudAssembly) -> Any:  # noqa: ARG001 - deployed
    return aws.client("ecr", account=AWAY.account, region=AWAY.region)


def test_the_source_replicates_two_prefixes_to_the_other_account_and_region(source: Any) -> None:
    assert source.describe_registry()["replicationConfiguration"]["rules"] == [
        {
            "destinations": [{"region": "eu-central-1", "registryId": "222233334444"}],
            "repositoryFilters": [
                {"filter": "platform/", "filterType": "PREFIX_MATCH"},
                {"filter": "shop/", "filterType": "PREFIX_MATCH"},
            ],
        }
    ]


def test_the_destination_lets_exactly_these_prefixes_in(destination: Any) -> None:
    [statement] = json.loads(destination.get_registry_policy()["policyText"])["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": ["ecr:CreateRepository", "ecr:ReplicateImage"],
        "Resource": [
            "arn:aws:ecr:eu-central-1:222233334444:repository/platform/*",
            "arn:aws:ecr:eu-central-1:222233334444:repository/shop/*",
        ],
    }


def test_replicas_will_have_the_settings_and_a_role_that_can_give_them(
    aws: LocalAws, destination: Any
) -> None:
    found = destination.describe_repository_creation_templates()["repositoryCreationTemplates"]
    templates = {template["prefix"]: template for template in found}
    assert templates.keys() == {"kubernetes", "platform", "shop"}
    shop = templates["shop"]
    assert shop["appliedFor"] == ["REPLICATION"]
    assert shop["imageTagMutability"] == "IMMUTABLE"
    assert shop["resourceTags"] == [{"Key": "owner", "Value": "platform"}]
    assert len(json.loads(shop["lifecyclePolicy"])["rules"]) > 1
    key = shop["encryptionConfiguration"]["kmsKey"]
    assert key.startswith("arn:aws:kms:eu-central-1:222233334444:key/")
    iam = aws.client("iam", account=AWAY.account)
    role = shop["customRoleArn"].rpartition("/")[2]
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert [one["Principal"] for one in trust] == [{"Service": "ecr.amazonaws.com"}]
    [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    on_repositories, on_key = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"][
        "Statement"
    ]
    assert on_repositories["Resource"] == "arn:aws:ecr:eu-central-1:222233334444:repository/shop/*"
    assert on_key["Resource"] == key


def test_each_registry_scans_its_way(source: Any, destination: Any) -> None:
    basic = source.get_registry_scanning_configuration()["scanningConfiguration"]
    enhanced = destination.get_registry_scanning_configuration()["scanningConfiguration"]
    assert (basic["scanType"], enhanced["scanType"]) == ("BASIC", "ENHANCED")
    filters = {
        rule["scanFrequency"]: [one["filter"] for one in rule["repositoryFilters"]]
        for rule in enhanced["rules"]
    }
    assert filters == {"CONTINUOUS_SCAN": ["shop/*"], "SCAN_ON_PUSH": ["*"]}


def test_each_registry_has_its_cache_and_the_secret_has_the_keys_that_ecr_reads(
    aws: LocalAws, source: Any, destination: Any
) -> None:
    [hub] = source.describe_pull_through_cache_rules()["pullThroughCacheRules"]
    assert (hub["ecrRepositoryPrefix"], hub["upstreamRegistry"]) == ("docker-hub", "docker-hub")
    secrets = aws.client("secretsmanager")
    secret = secrets.describe_secret(SecretId=hub["credentialArn"])
    assert secret["Name"] == "ecr-pullthroughcache/docker-hub"
    assert not secret.get("KmsKeyId")
    value = json.loads(secrets.get_secret_value(SecretId=hub["credentialArn"])["SecretString"])
    assert value.keys() == {"username", "accessToken"}
    [kubernetes] = destination.describe_pull_through_cache_rules()["pullThroughCacheRules"]
    assert kubernetes["upstreamRegistryUrl"] == "registry.k8s.io"
    assert "credentialArn" not in kubernetes


def test_pushes_are_signed_and_a_scanners_pulls_do_not_count(aws: LocalAws, source: Any) -> None:
    [rule] = source.get_signing_configuration()["signingConfiguration"]["rules"]
    assert [one["filter"] for one in rule["repositoryFilters"]] == ["shop/*"]
    name = rule["signingProfileArn"].rpartition("/")[2]
    profile = aws.client("signer").get_signing_profile(profileName=name)
    assert profile["platformId"] == "Notation-OCI-SHA384-ECDSA"
    [excluded] = source.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"]
    assert ":role/SourceRegistry-Scanner" in excluded


def test_the_account_settings_are_those_of_the_destination_alone(source: Any, destination: Any) -> None:
    values = [
        registry.get_account_setting(name="BLOB_MOUNTING")["value"] for registry in (destination, source)
    ]
    assert values == ["ENABLED", "DISABLED"]


def test_the_example_of_the_fixture_in_the_readme_runs(
    aws: LocalAws, assembly: cdk.CloudAssembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    [code] = [code for _, code in BLOCK.findall(README) if "local_aws" in code]
    monkeypatch.chdir(assembly.folder)
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102 - our own example
    names["test_images_are_immutable"](aws)


def test_a_second_deployment_changes_nothing(
    aws: LocalAws, assembly: cdk.CloudAssembly, capfd: pytest.CaptureFixture[str]
) -> None:
    def events() -> int:
        return len(
            aws.client("cloudformation").describe_stack_events(StackName="Repositories")["StackEvents"]
        )

    before = events()
    assembly.deploy()
    assert capfd.readouterr().err.count("(no changes)") == STACKS
    assert events() == before
    assert sum("There were no differences" in line for line in assembly.diff()) == STACKS


def test_destroying_the_stacks_keeps_repositories_images_and_key(
    aws: LocalAws, assembly: cdk.CloudAssembly
) -> None:
    ecr, kms = aws.client("ecr"), aws.client("kms")
    registry.push(aws, "charts/checkout", images.image({"app": b"kept"}), tag="kept")
    [before] = ecr.describe_repositories(repositoryNames=["charts/checkout"])["repositories"]
    assembly.destroy()
    standing = aws.client("cloudformation").list_stacks(StackStatusFilter=["CREATE_COMPLETE"])[
        "StackSummaries"
    ]
    assert [stack["StackName"] for stack in standing] == ["CDKToolkit"]
    [after] = ecr.describe_repositories(repositoryNames=["charts/checkout"])["repositories"]
    assert after == before
    assert ecr.describe_images(repositoryName="charts/checkout", imageIds=[{"imageTag": "kept"}])[
        "imageDetails"
    ]
    assert ecr.get_lifecycle_policy(repositoryName="charts/checkout")["lifecyclePolicyText"]
    key = kms.describe_key(KeyId=before["encryptionConfiguration"]["kmsKey"])["KeyMetadata"]
    assert key["KeyState"] == "Enabled"
    public = aws.client("ecr-public", region="us-east-1")
    assert public.describe_repositories()["repositories"][0]["repositoryName"] == "shop-cli"


def test_a_migrated_app_replaces_no_repository(tmp_path: Path) -> None:
    """The plain app is deployed, its import is swapped as the README says, and it is deployed again."""
    program = """
import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from {library} import Repository

app = cdk.App()
Repository(cdk.Stack(app, "Images"), "App"{keywords})
app.synth()
"""
    app = tmp_path / "app.py"
    with LocalAws(account=ACCOUNT, region=REGION) as local:
        app.write_text(program.format(library="aws_cdk.aws_ecr", keywords=""))
        local.deploy(app)
        [before] = _app_repositories(local)
        registry.push(local, before["repositoryName"], images.image({"app": b"kept"}), tag="kept")
        keywords = ", encryption=ecr.RepositoryEncryption.AES_256"
        app.write_text(program.format(library="registry_constructs", keywords=keywords))
        local.deploy(app)
        [after] = _app_repositories(local)
        assert after["repositoryArn"] == before["repositoryArn"]
        assert after["createdAt"] == before["createdAt"]
        assert (before["imageTagMutability"], after["imageTagMutability"]) == ("MUTABLE", "IMMUTABLE")
        kept = local.client("ecr").list_images(repositoryName=after["repositoryName"])["imageIds"]
        assert [image["imageTag"] for image in kept] == ["kept"]


def _app_repositories(aws: LocalAws) -> list[Any]:
    """All but the one that bootstrapping makes."""
    pages = aws.client("ecr").get_paginator("describe_repositories").paginate()
    found = [repository for page in pages for repository in page["repositories"]]
    return [repository for repository in found if not repository["repositoryName"].startswith("cdk-")]
