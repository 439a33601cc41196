"""The stage: stacks below every limit, and every repository a construct that the CDK's tools see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct

from registry_constructs import Catalog, CatalogStage, InvalidCatalogError, InvalidInputError
from tests.synthesis import ENV, new_app, new_stack, properties

HOME = {"account": "111122223333", "region": "eu-west-1"}
AWAY = {"account": "222233334444", "region": "eu-central-1"}


def stage(repositories: dict[str, Any], *, app: cdk.App | None = None, **data: Any) -> CatalogStage:
    catalog = Catalog.from_dict({**data, "repositories": repositories})
    return CatalogStage(app or new_app(), "Stage", catalog=catalog, env=ENV)


def templates(made: CatalogStage) -> dict[str, dict[str, Any]]:
    return {stack.stack_name: stack.template for stack in made.synth().stacks}


def names(template: dict[str, Any]) -> list[str]:
    return [
        body["Properties"]["RepositoryName"]
        for body in template["Resources"].values()
        if body["Type"] == "AWS::ECR::Repository"
    ]


def many(count: int) -> dict[str, Any]:
    return {f"team-{number % 7}/service-{number}": {} for number in range(count)}


@pytest.mark.parametrize(
    ("size", "count"),
    [
        (0, 1),
        (1, 1),
        *(
            pytest.param(size, count, marks=pytest.mark.deploy)
            for size, count in [(490, 1), (499, 2), (500, 2), (501, 2), (4000, 12)]
        ),
    ],
)
def test_every_size_fits_below_the_limits(size: int, count: int) -> None:
    made = templates(stage(many(size), stacks={"count": count}))
    found = [name for template in made.values() for name in names(template)]
    assert sorted(found) == sorted(many(size))
    for template in made.values():
        assert len(template["Resources"]) <= 500
        assert len(json.dumps(template)) < 1_000_000
        assert len(template.get("Outputs", {})) <= 200


@pytest.mark.parametrize("count", [491, 499, 500, 501])
def test_what_does_not_fit_is_refused_with_the_way_out(count: int) -> None:
    with pytest.raises(InvalidCatalogError, match="catalog grow"):
        stage(many(count))


def test_a_catalog_without_repositories_makes_no_stack() -> None:
    app = new_app()
    made = stage({}, app=app)
    assert (made.stacks, made.registry_stack, made.publishers_stack) == ({}, None, None)
    app.synth()


def test_aspects_and_tags_reach_every_repository() -> None:
    visited: list[str] = []

    @jsii.implements(cdk.IAspect)
    class Scan:
        def visit(self, node: IConstruct) -> None:
            if isinstance(node, ecr.CfnRepository):
                visited.append(node.node.path)
                node.image_scanning_configuration = ecr.CfnRepository.ImageScanningConfigurationProperty(
                    scan_on_push=False
                )

    made = stage({"shop/cart": {"tags": {"kind": "service"}}, "shop/checkout": {}})
    cdk.Tags.of(made).add("stage", "production")
    cdk.Tags.of(made.resource("shop/cart")).add("kind", "other")
    cdk.Aspects.of(made).add(Scan())
    [template] = templates(made).values()
    found = {
        body["Properties"]["RepositoryName"]: body["Properties"]
        for body in template["Resources"].values()
        if body["Type"] == "AWS::ECR::Repository"
    }
    assert found["shop/cart"]["Tags"] == [
        {"Key": "kind", "Value": "other"},
        {"Key": "stage", "Value": "production"},
    ]
    assert found["shop/checkout"]["Tags"] == [{"Key": "stage", "Value": "production"}]
    assert all(one["ImageScanningConfiguration"] == {"ScanOnPush": False} for one in found.values())
    assert sorted(visited) == [
        "Stage/Repositories0/Catalog/ShopCart5F34A271",
        "Stage/Repositories0/Catalog/ShopCheckout1DFC2EA5",
    ]


def test_a_resource_can_be_reached_for_what_the_catalog_can_t_say() -> None:
    made = stage({"shop/cart": {}})
    made.resource("shop/cart").add_property_override("ImageTagMutability", "MUTABLE")
    [template] = templates(made).values()
    assert template["Resources"]["ShopCart5F34A271"]["Properties"]["ImageTagMutability"] == "MUTABLE"
    with pytest.raises(InvalidInputError, match="write shop/cart"):
        made.resource("shop/crt")


def test_cdk_nag_sees_the_repositories_and_what_an_organization_may_is_acknowledged() -> None:
    made = stage({"shop/cart": {}, "shop/base": {"access": {"organization": {"id": "o-a1b2c3d4e5"}}}})
    report = AwsSolutionsChecks(cdk.App.of(made)).validate_scope(made)
    assert [violation.rule_name for violation in report.violations] == []
    made.resource("shop/cart").repository_policy_text = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}],
    }
    report = AwsSolutionsChecks(cdk.App.of(made)).validate_scope(made)
    [violation] = report.violations
    assert violation.rule_name.startswith("AwsSolutions-ECR1")
    assert "ShopCart5F34A271" in str(violation.violating_resources[0].construct_path)


def traces(made: CatalogStage) -> dict[str, list[str]]:
    """What the CDK shows as the place where a repository was made."""
    return {
        child.node.path: entry.data
        for child in made.node.find_all()
        if isinstance(child, ecr.CfnRepository)
        for entry in child.node.metadata
        if entry.type == "aws:cdk:creationStack"
    }


@pytest.mark.deploy
def test_findings_show_the_catalog_s_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("catalog.yaml").write_text("repositories:\n  shop/cart: {}\n  shop/checkout: {}\n")
    catalog = Catalog.load("catalog.yaml")
    app = new_app()
    cdk.Validations.of(app).add_plugins(cdk.CloudFormationValidatePlugin())
    made = CatalogStage(app, "Stage", catalog=catalog)
    cart = "Stage/Repositories0/Catalog/ShopCart5F34A271"
    assert traces(made) == {
        cart: ["at catalog.yaml:2 repositories.shop/cart"],
        "Stage/Repositories0/Catalog/ShopCheckout1DFC2EA5": ["at catalog.yaml:3 repositories.shop/checkout"],
    }
    made.resource("shop/cart").add_property_override("ImageTagMutability", "SOMETIMES")
    app.synth()
    report = json.loads((Path(app.outdir) / "validation-report.json").read_text())
    [construct] = report["pluginReports"][0]["violations"][0]["violatingConstructs"]
    assert construct["constructPath"] == cart
    assert construct["stackTraces"][0] == "at catalog.yaml:2 repositories.shop/cart"


@pytest.mark.deploy
def test_many_repositories_are_told_without_their_lines_unless_asked_for() -> None:
    assert traces(stage(many(501), stacks={"count": 2})) == {}
    catalog = Catalog.from_dict({"repositories": {"a/b": {}}})
    assert traces(CatalogStage(new_app(), "Stage", catalog=catalog, source_lines=False)) == {}


def test_warnings_of_lifecycle_policies_name_the_place() -> None:
    rules = [{"expire": {"tag_pattern_list": ["a*", "b*"], "image_count_more_than": 3}}]
    made = stage({"shop/cart": {"lifecycle": rules}})
    found = [entry.data for entry in made.resource("shop/cart").node.metadata if "warning" in entry.type]
    assert found
    assert all(str(text).startswith("repositories.shop/cart: ") for text in found)


def test_a_repository_can_be_named_by_what_runs_its_images() -> None:
    app = new_app()
    made = stage({"shop/cart": {}}, app=app)
    stack = new_stack("Consumer", app=app)
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
    repository = made.repository("shop/cart")
    assert made.repository("shop/cart") is repository
    repository.grant_pull(role)
    policy = properties(stack, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    resources = [one["Resource"] for one in policy if one["Resource"] != "*"]
    assert resources == ["arn:aws:ecr:eu-west-1:111122223333:repository/shop/cart"]
    with pytest.raises(InvalidInputError, match="There is no such repository"):
        made.repository("shop/nothing")


def test_one_key_can_serve_all_stacks() -> None:
    made = templates(stage(many(40), stacks={"count": 4, "key": "shared"}))
    assert sorted(made) == ["Stage-Keys", *(f"Stage-Repositories{number}" for number in range(4))]
    kinds = [body["Type"] for template in made.values() for body in template["Resources"].values()]
    assert kinds.count("AWS::KMS::Key") == 1


def test_no_key_is_made_where_none_is_used() -> None:
    [template] = templates(stage({"a/b": {"encryption": "AES_256"}, "a/c": {"encryption": "KMS"}})).values()
    assert {body["Type"] for body in template["Resources"].values()} == {"AWS::ECR::Repository"}
    shared = stage({"a/b": {"encryption": "AES_256"}}, stacks={"key": "shared"})
    assert list(templates(shared)) == ["Stage-Repositories0"]


def test_teams_have_stacks_of_their_own() -> None:
    made = templates(
        stage(
            {"shop/cart": {"team": "shop"}, "web/page": {"team": "web"}, "tools": {}},
            teams={"shop": {}, "web": {}},
            stacks={"by": "team"},
        )
    )
    assert {name: names(template) for name, template in made.items()} == {
        "Stage-Repositories-shop-0": ["shop/cart"],
        "Stage-Repositories-web-0": ["web/page"],
        "Stage-Repositories0": ["tools"],
    }


def test_the_environment_is_the_catalog_s_or_the_app_s() -> None:
    one = Catalog.from_dict({"environments": {"home": HOME}, "repositories": {"a/b": {}}})
    assert CatalogStage(new_app(), "Stage", catalog=one).region == "eu-west-1"
    two = Catalog.from_dict({"environments": {"home": HOME, "away": AWAY}})
    for wrong in (None, "hme"):
        with pytest.raises(InvalidInputError, match="There is no such environment"):
            CatalogStage(new_app(), "Stage", catalog=two, environment=wrong)
    with pytest.raises(
        InvalidInputError, match="The catalog already sets the account and Region of this environment"
    ):
        CatalogStage(new_app(), "Stage", catalog=two, environment="away", env=ENV)


def test_registries_replicate_between_environments_and_cache() -> None:
    catalog = Catalog.from_dict(
        {
            "environments": {"home": HOME, "away": AWAY},
            "defaults": {"tags": {"from": "catalog"}},
            "profiles": {"replica": {"lifecycle": "releases", "mutable_except": ["v*"]}},
            "registry": {
                "scanning": {"type": "enhanced", "continuous": ["shop/*"]},
                "account_settings": {"blob_mounting": True},
                "signing": ["shop/*"],
            },
            "replications": {
                "backup": {
                    "source": "home",
                    "destinations": ["away"],
                    "prefixes": ["shop/"],
                    "profile": "replica",
                }
            },
            "caches": {"hub": {"upstream": "ecr-public", "prefix": "hub", "environments": ["away"]}},
            "repositories": {"shop/cart": {"environments": ["home"], "replications": ["backup"]}},
        }
    )
    app = new_app()
    stages = CatalogStage.for_environments(app, catalog)
    assembly = app.synth()
    kinds = {}
    for name, made in stages.items():
        found = assembly.get_nested_assembly(f"assembly-{made.stage_name}")
        [registry] = [stack.template for stack in found.stacks if stack.stack_name.endswith("-Registry")]
        kinds[name] = {body["Type"]: body["Properties"] for body in registry["Resources"].values()}
    rules = kinds["home"]["AWS::ECR::ReplicationConfiguration"]["ReplicationConfiguration"]["Rules"]
    assert rules == [
        {
            "Destinations": [{"Region": "eu-central-1", "RegistryId": "222233334444"}],
            "RepositoryFilters": [{"Filter": "shop/", "FilterType": "PREFIX_MATCH"}],
        }
    ]
    assert "AWS::ECR::RegistryPolicy" in kinds["away"]
    assert "AWS::ECR::PullThroughCacheRule" in kinds["away"]
    assert "AWS::ECR::PullThroughCacheRule" not in kinds["home"]
    assert "AWS::ECR::SigningConfiguration" in kinds["home"]
    assert kinds["home"]["AWS::ECR::RegistryScanningConfiguration"]["ScanType"] == "ENHANCED"
    [replicas] = [
        body["Properties"]
        for body in registry["Resources"].values()
        if body["Type"] == "AWS::ECR::RepositoryCreationTemplate"
        and body["Properties"]["AppliedFor"] == ["REPLICATION"]
    ]
    assert replicas["Prefix"] == "shop"
    assert replicas["ResourceTags"] == [{"Key": "from", "Value": "catalog"}]
    assert replicas["ImageTagMutability"] == "MUTABLE_WITH_EXCLUSION"


def test_publishers_may_push_to_the_repositories_that_name_them() -> None:
    made = stage(
        {
            "shop/cart": {"access": {"publishers": ["shop-ci"]}},
            "shop/checkout": {"access": {"publishers": ["shop-ci", "old-ci"]}},
            "web/page": {"access": {"publishers": ["web-ci"]}},
        },
        publishers={
            "shop-ci": {"github": {"repository": "acme@1/shop@2", "branches": ["main"]}},
            "old-ci": {"gitlab": {"project": "acme/shop", "branches": ["main"]}, "role_name": "old"},
            "web-ci": {
                "bitbucket": {
                    "workspace": "acme",
                    "workspace_uuid": "{11111111-2222-3333-4444-555555555555}",
                    "repository_uuid": "{11111111-2222-3333-4444-666666666666}",
                    "any_job": True,
                }
            },
            "unused": {"gitlab": {"project": "acme/unused", "branches": ["main"]}},
        },
    )
    assert made.publishers_stack is not None
    assert sorted(made.publishers_stack.publishers) == ["old-ci", "shop-ci", "web-ci"]
    template = templates(made)["Stage-Publishers"]
    roles = {
        body["Properties"]["RoleName"]: body["Properties"]
        for body in template["Resources"].values()
        if body["Type"] == "AWS::IAM::Role"
    }
    assert sorted(roles) == ["old", "publish-shop-ci", "publish-web-ci"]
    [trust] = roles["publish-shop-ci"]["AssumeRolePolicyDocument"]["Statement"]
    provider = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
    assert trust["Principal"] == {"Federated": provider}
    pushed = {
        body["Properties"]["Roles"][0]["Ref"][:4]: {
            resource
            for statement in body["Properties"]["PolicyDocument"]["Statement"]
            for resource in (
                statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
            )
            if resource != "*"
        }
        for body in template["Resources"].values()
        if body["Type"] == "AWS::IAM::Policy"
    }
    base = "arn:aws:ecr:eu-west-1:111122223333:repository"
    assert pushed["shop"] == {f"{base}/shop/cart", f"{base}/shop/checkout"}
    assert pushed["oldc"] == {f"{base}/shop/checkout"}
    assert pushed["webc"] == {f"{base}/web/page"}


def test_an_environment_can_make_the_account_s_identity_providers() -> None:
    catalog = Catalog.from_dict(
        {
            "environments": {"home": {**HOME, "identity_providers": "create"}},
            "publishers": {"ci": {"github": {"repository": "acme@1/shop@2", "branches": ["main"]}}},
            "repositories": {"shop/cart": {"access": {"publishers": ["ci"]}}},
        }
    )
    made = templates(CatalogStage(new_app(), "Stage", catalog=catalog))["Stage-Publishers"]
    assert "AWS::IAM::OIDCProvider" in {body["Type"] for body in made["Resources"].values()}


def test_a_catalog_can_be_read_on_the_way_and_is_the_same(tmp_path: Path) -> None:
    file = tmp_path / "catalog.yaml"
    file.write_text(
        "environments:\n  home: {account: '111122223333', region: eu-west-1}\n"
        "repositories:\n  shop/cart: {lifecycle: releases}\n"
    )
    read = [
        CatalogStage.for_environments(new_app(), one)["home"] for one in (Catalog.load(file), file, str(file))
    ]
    first, *others = [templates(made) for made in read]
    assert names(first["home-Repositories0"]) == ["shop/cart"]
    assert all(other == first for other in others)
    file.write_text("repositories: {a/b: {lifecycl: x}}")
    with pytest.raises(InvalidCatalogError, match="write lifecycle"):
        CatalogStage.for_environments(new_app(), file)
    file.write_text("repositories: {a/b: {}}")
    with pytest.raises(InvalidInputError, match="The catalog has no environments"):
        CatalogStage.for_environments(new_app(), file)
