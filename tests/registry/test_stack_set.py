"""A StackSet for the registries of an organization: what it says, and what it refuses."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_signer as signer
from aws_cdk import aws_sns as sns

from registry_constructs import (
    InvalidInputError,
    ManagedSigning,
    PullThroughCache,
    Registry,
    RegistryStackSet,
    Replication,
    Repository,
    RepositoryCreationTemplate,
    RepositorySettings,
    Rollout,
    Scanning,
    Upstream,
)
from tests.registry.places import synth_error
from tests.synthesis import (
    ENV,
    ROOT,
    baseline_template,
    new_app,
    new_stack,
    properties,
    raw_template,
    warnings,
)

TYPE = "AWS::CloudFormation::StackSet"
UNITS = ["ou-ab12-11111111"]
REGIONS = ["eu-west-1", "us-east-1"]
ELSEWHERE = cdk.Environment(account="222233334444", region="eu-central-1")


def everywhere(stack: cdk.Stack | None = None, **keywords: Any) -> RegistryStackSet:
    """A StackSet of two Regions, with nothing in its baseline."""
    return RegistryStackSet(
        stack or new_stack(), "Everywhere", **{"units": UNITS, "regions": REGIONS, **keywords}
    )


def scanning_everywhere(stack: cdk.Stack | None = None, **keywords: Any) -> RegistryStackSet:
    found = everywhere(stack, **keywords)
    Registry(found.baseline, "Registry", scanning=Scanning.basic())
    return found


def said(stack_set: RegistryStackSet) -> dict[str, Any]:
    return properties(cdk.Stack.of(stack_set), TYPE)


# What it says -------------------------------------------------------------------------------------------


def test_nothing_said_is_careful() -> None:
    stack_set = scanning_everywhere()
    found = said(stack_set)
    assert found["PermissionModel"] == "SERVICE_MANAGED"
    assert found["CallAs"] == "DELEGATED_ADMIN"
    assert found["AutoDeployment"] == {"Enabled": True, "RetainStacksOnAccountRemoval": True}
    assert found["StackInstancesGroup"] == [
        {
            "DeploymentTargets": {"AccountFilterType": "NONE", "OrganizationalUnitIds": UNITS},
            "Regions": REGIONS,
        }
    ]
    assert found["OperationPreferences"] == {
        "FailureToleranceCount": 0,
        "MaxConcurrentCount": 1,
        "RegionConcurrencyType": "SEQUENTIAL",
        "RegionOrder": REGIONS,
    }
    [resource] = raw_template(cdk.Stack.of(stack_set))["Resources"].values()
    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
    assert warnings(cdk.Stack.of(stack_set)) == []


def test_excluded_accounts_are_a_difference_and_automatic_deployment_does_not_heed_it() -> None:
    stack_set = scanning_everywhere(exclude_accounts=["444455556666"])
    [group] = said(stack_set)["StackInstancesGroup"]
    assert group["DeploymentTargets"]["AccountFilterType"] == "DIFFERENCE"
    assert group["DeploymentTargets"]["Accounts"] == ["444455556666"]
    [warning] = warnings(cdk.Stack.of(stack_set))
    assert "does not heed exclude_accounts" in warning


def test_only_some_accounts_are_an_intersection_without_automatic_deployment() -> None:
    stack_set = scanning_everywhere(only_accounts=["444455556666"], auto_deployment=False)
    [group] = said(stack_set)["StackInstancesGroup"]
    assert group["DeploymentTargets"]["AccountFilterType"] == "INTERSECTION"
    assert said(stack_set)["AutoDeployment"] == {"Enabled": False}


def test_each_keyword_has_its_property() -> None:
    stack_set = scanning_everywhere(
        units=["r-ab12"],
        stack_set_name="registry-baseline",
        description="Ours",
        delegated_admin=False,
        retain_stacks=False,
        rollout=Rollout.percent(failures=20, at_once=10, regions_in_parallel=True),
    )
    cdk.Tags.of(stack_set).add("owner", "platform")
    found = said(stack_set)
    assert (found["StackSetName"], found["Description"]) == ("registry-baseline", "Ours")
    assert (found["CallAs"], found["Tags"]) == ("SELF", [{"Key": "owner", "Value": "platform"}])
    assert found["AutoDeployment"] == {"Enabled": True, "RetainStacksOnAccountRemoval": False}
    assert found["OperationPreferences"] == {
        "FailureTolerancePercentage": 20,
        "MaxConcurrentPercentage": 10,
        "RegionConcurrencyType": "PARALLEL",
    }
    assert baseline_template(stack_set)["Description"] == "Ours"


def test_a_unit_that_is_known_at_deployment_passes() -> None:
    stack = new_stack()
    unit = cdk.CfnParameter(stack, "Unit").value_as_string
    assert said(scanning_everywhere(stack, units=[unit]))["StackInstancesGroup"]


def test_a_generated_name_is_one_that_a_stack_set_takes() -> None:
    name = said(scanning_everywhere(new_stack("A-rather-long-name-with-hyphens")))["StackSetName"]
    assert re.fullmatch(r"[a-zA-Z][a-zA-Z0-9-]{0,127}", name)


def test_a_change_of_the_baseline_is_a_new_template() -> None:
    urls = {
        str(said(scanning_everywhere(regions=REGIONS))["TemplateURL"]),
        str(said(everywhere_with_filter("shop/*"))["TemplateURL"]),
    }
    assert len(urls) == 2


def everywhere_with_filter(value: str) -> RegistryStackSet:
    found = everywhere()
    Registry(found.baseline, "Registry", scanning=Scanning.basic(on_push=[value]))
    return found


# One registry for all places ----------------------------------------------------------------------------


def test_each_baseline_has_a_registry_of_its_own_beside_that_of_the_stack() -> None:
    app = new_app()
    stack, plain = new_stack(app=app), new_stack("Plain", app=app, env=None)
    first = everywhere(stack)
    second = RegistryStackSet(stack, "Second", units=["ou-ab12-22222222"], regions=["eu-west-1"])
    for scope in (first.baseline, second.baseline, stack, plain):
        Registry(scope, "Registry", scanning=Scanning.basic())
    Registry.of(first.baseline).add_scan_on_push("shop/*")
    template = baseline_template(first)
    assert template["Resources"].keys() == baseline_template(second)["Resources"].keys()
    assert "shop/*" in str(template)
    assert "shop/*" not in str(baseline_template(second))


def test_two_owners_and_no_owner_are_refused_by_the_baselines_name() -> None:
    stack_set = scanning_everywhere()
    with pytest.raises(
        InvalidInputError, match="every account and Region of Stack/Everywhere/Baseline has an"
    ):
        Registry(stack_set.baseline, "Another")
    ownerless = everywhere()
    ManagedSigning(ownerless.baseline, "Signing")
    assert "Nobody owns the registry of every account and Region of" in synth_error(cdk.Stack.of(ownerless))


def test_repositories_of_other_stacks_are_not_reviewed_by_the_baselines_rules() -> None:
    stack = new_stack(env=None)
    stack_set = everywhere(stack)
    Registry(stack_set.baseline, "Registry", scanning=Scanning.basic(on_push=["shop/*"]))
    Repository(stack, "Other", repository_name="tools/other", image_scan_on_push=True)
    assert warnings(stack) == []


@pytest.mark.deploy
def test_nothing_is_loaded_for_who_makes_no_stack_set() -> None:
    program = (
        "import sys, registry_constructs; registry_constructs.Registry; print('cdk_stacksets' in sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert shown.stdout.strip() == "False"


# What it refuses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keywords", "problem"),
    [
        ({"units": []}, "units is not a list that a StackSet takes"),
        ({"units": "ou-ab12-11111111"}, "units is not a list that a StackSet takes"),
        ({"units": ["111122223333"]}, "Not an organizational unit or root id"),
        ({"units": ["o-a1b2c3d4e5"]}, "Not an organizational unit or root id"),
        ({"units": [None]}, "Not an organizational unit or root id"),
        ({"units": UNITS * 2}, "units names something twice"),
        ({"units": [f"ou-ab12-{n:08d}" for n in range(51)]}, "A StackSet for 51 units"),
        ({"regions": []}, "regions is not a list that a StackSet takes"),
        ({"regions": "eu-west-1"}, "regions is not a list that a StackSet takes"),
        ({"regions": ["EU (Ireland)"]}, "Not an AWS Region"),
        ({"regions": ["eu-west-1", "eu-west-1"]}, "regions names something twice"),
        ({"regions": ["us-gov-west-1"]}, "An organization is in one AWS partition"),
        ({"exclude_accounts": ["12345678901"]}, "Not an AWS account id"),
        ({"exclude_accounts": "111122223333"}, "exclude_accounts is not a list that a StackSet takes"),
        ({"only_accounts": [111122223333], "auto_deployment": False}, "Not an AWS account id"),
        ({"only_accounts": ["111122223333"]}, "Automatic deployment does not heed only_accounts"),
        (
            {"only_accounts": ["111122223333"], "exclude_accounts": ["222233334444"]},
            "A StackSet takes one filter of accounts",
        ),
        ({"stack_set_name": "1st"}, "Not a StackSet's name"),
        ({"stack_set_name": "registry_baseline"}, "Not a StackSet's name"),
        ({"stack_set_name": "a" * 129}, "Not a StackSet's name"),
        ({"description": ""}, "Not a description that a StackSet takes"),
        ({"description": "a" * 1025}, "Not a description that a StackSet takes"),
        ({"rollout": 5}, "rollout is no Rollout"),
    ],
)
def test_what_aws_would_refuse(keywords: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        everywhere(**keywords)
    assert refusal.value.problem.startswith(problem)
    assert refusal.value.where == "Stack/Everywhere"


def test_a_region_that_the_cdk_does_not_know_is_a_warning() -> None:
    stack_set = scanning_everywhere(regions=["eu-west-1", "eu-west-11"])
    [warning] = warnings(cdk.Stack.of(stack_set))
    assert "knows no Region eu-west-11" in warning


def test_a_stage_with_an_environment_would_put_one_account_into_every_stack() -> None:
    stage = cdk.Stage(new_app(), "Production", env=ENV)
    with pytest.raises(InvalidInputError, match="The Stage names an account or a Region"):
        everywhere(cdk.Stack(stage, "Platform"))
    stage = cdk.Stage(new_app(), "Production")
    scanning_everywhere(cdk.Stack(stage, "Platform", env=ENV))
    folder = Path(stage.synth().directory)
    [manifest] = folder.glob("*.assets.json")
    files = [file["source"]["path"] for file in json.loads(manifest.read_text())["files"].values()]
    assert sum(file.endswith(".stackset.template.json") for file in files) == 1
    assert all((folder / file).is_file() for file in files)


def test_no_stack_set_in_a_stack_set() -> None:
    with pytest.raises(InvalidInputError, match="A StackSet can't deploy a StackSet"):
        everywhere(everywhere().baseline)


def test_an_empty_baseline_stops_the_synth() -> None:
    assert "The baseline is empty" in synth_error(cdk.Stack.of(everywhere()))


def test_a_nested_stack_stops_the_synth() -> None:
    stack_set = scanning_everywhere()
    cdk.CfnStack(stack_set.baseline, "Nested", template_url="https://example.com/template.json")
    assert "AWS::CloudFormation::Stack is not supported" in synth_error(cdk.Stack.of(stack_set))


def test_macros_stop_the_synth() -> None:
    stack_set = scanning_everywhere()
    stack_set.baseline.add_transform("AWS::LanguageExtensions")
    assert "takes no macros" in synth_error(cdk.Stack.of(stack_set))


def test_what_is_in_another_stack_stops_the_synth() -> None:
    stack = new_stack(env=None)
    stack_set = scanning_everywhere(stack)
    topic = sns.Topic(stack, "Topic")
    sns.Topic(stack_set.baseline, "Mirror", display_name=topic.topic_name)
    assert "The baseline refers to Stack, which other accounts don't have" in synth_error(stack)


def test_another_stack_can_not_refer_to_what_is_everywhere() -> None:
    stack = new_stack(env=None)
    topic = sns.Topic(scanning_everywhere(stack).baseline, "Topic")
    sns.Topic(stack, "Mirror", display_name=topic.topic_name)
    assert "Another stack refers to something in the baseline" in synth_error(stack)


def test_a_name_that_an_account_has_once_can_not_be_made_in_each_region() -> None:
    stack_set = scanning_everywhere()
    build = iam.ServicePrincipal("codebuild.amazonaws.com")
    iam.Role(stack_set.baseline, "Role", role_name="push", assumed_by=build)
    assert "an account has 'push' once for all Regions" in synth_error(cdk.Stack.of(stack_set))


def test_a_name_for_one_region_or_with_the_region_in_it_passes() -> None:
    stack_set = scanning_everywhere()
    build = iam.ServicePrincipal("codebuild.amazonaws.com")
    iam.Role(stack_set.baseline, "Role", role_name=f"push-{stack_set.baseline.region}", assumed_by=build)
    home = iam.Role(stack_set.baseline, "Home", role_name="push", assumed_by=build)
    here = cdk.Fn.condition_equals(cdk.Aws.REGION, "eu-west-1")
    resource = home.node.default_child
    assert isinstance(resource, iam.CfnRole)
    resource.cfn_options.condition = cdk.CfnCondition(stack_set.baseline, "Here", expression=here)
    single = scanning_everywhere(regions=["eu-west-1"])
    iam.Role(single.baseline, "Role", role_name="push", assumed_by=build)
    for one in (stack_set, single):
        assert baseline_template(one)["Resources"]


def test_files_of_this_account_are_refused_where_they_are_written() -> None:
    with pytest.raises(RuntimeError, match="An Asset Bucket must be provided to use File Assets"):
        lambda_.Function(
            everywhere().baseline,
            "Function",
            code=lambda_.Code.from_asset(str(ROOT / "registry_constructs" / "ecr" / "lifecycle")),
            handler="index.handler",
            runtime=lambda_.Runtime.PYTHON_3_14,
        )


def test_a_repository_that_stays_is_a_warning_where_it_has_a_name() -> None:
    stack_set = everywhere()
    named = Repository(stack_set.baseline, "Named", repository_name="shop/checkout")
    Repository(stack_set.baseline, "Unnamed")
    Repository(stack_set.baseline, "Gone", repository_name="shop", removal_policy=cdk.RemovalPolicy.DESTROY)
    assert baseline_template(stack_set)["Resources"]
    told = {
        construct.node.path: entry.data
        for construct in stack_set.baseline.node.find_all()
        for entry in construct.node.metadata
        if entry.type == "aws:cdk:warning"
    }
    assert told.keys() == {f"{named.node.path}/Resource"}
    assert "'shop/checkout' stays in each account" in next(iter(told.values()))


# What the constructs say in a baseline ------------------------------------------------------------------


def test_signing_and_caches_are_checked_in_every_region() -> None:
    stack_set = everywhere(regions=["eu-west-1", "ca-west-1"])
    with pytest.raises(InvalidInputError, match="no managed signing") as refusal:
        ManagedSigning(stack_set.baseline, "Signing")
    assert refusal.value.got == "ca-west-1"
    government = new_stack(env=cdk.Environment(region="us-gov-west-1"))
    stack_set = everywhere(government, regions=["us-gov-west-1"])
    with pytest.raises(InvalidInputError, match="no pull-through caches"):
        PullThroughCache(stack_set.baseline, "Quay", upstream=Upstream.quay(), prefix="quay")


def test_keys_and_profiles_of_one_region_are_refused() -> None:
    baseline = everywhere().baseline
    key = kms.Key.from_key_arn(baseline, "Key", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd")
    with pytest.raises(InvalidInputError, match="The key is in another Region"):
        RepositoryCreationTemplate(
            baseline,
            "Template",
            prefix="ROOT",
            applied_for=["CREATE_ON_PUSH"],
            settings=RepositorySettings(encryption=ecr.RepositoryEncryption.KMS, encryption_key=key),
        )
    profile = signer.SigningProfile(
        new_stack("Signer"), "Profile", platform=signer.Platform.NOTATION_OCI_SHA384_ECDSA
    )
    with pytest.raises(InvalidInputError, match="The signing profile is in another Region"):
        ManagedSigning(baseline, "Signing", signing_profile=profile)


def test_replication_and_caches_of_ecr_need_a_place() -> None:
    baseline = everywhere().baseline
    registry = Registry(baseline, "Registry")
    with pytest.raises(InvalidInputError, match="A StackSet's stack is in many places"):
        Replication(baseline, "Replication", destinations=[ELSEWHERE])
    with pytest.raises(InvalidInputError, match="A StackSet's stack is in many places"):
        Replication(new_stack("Source"), "Replication", destinations=[registry])
    with pytest.raises(InvalidInputError, match="A StackSet's stack is in many places"):
        PullThroughCache(baseline, "Base", upstream=Upstream.ecr(ELSEWHERE), prefix="base")


def test_a_caches_secret_of_one_account_is_refused_and_one_for_each_is_a_warning() -> None:
    stack_set = everywhere()
    arn = "arn:aws:secretsmanager:eu-west-1:555566667777:secret:ecr-pullthroughcache/own-AbCdEf"
    secret = secretsmanager.Secret.from_secret_complete_arn(stack_set.baseline, "Secret", arn)
    with pytest.raises(InvalidInputError, match="The secret is in another Region") as refusal:
        PullThroughCache(stack_set.baseline, "Own", upstream=Upstream.github(secret), prefix="own")
    assert refusal.value.allowed == "a secret in every Region"
    cache = PullThroughCache(stack_set.baseline, "Hub", upstream=Upstream.docker_hub(), prefix="hub")
    [entry] = [entry for entry in cache.node.metadata if entry.type == "aws:cdk:warning"]
    assert "secret ecr-pullthroughcache/hub of its own" in entry.data
