"""Creation templates: defaults for each purpose, the role that some need, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from registry_constructs import (
    InvalidInputError,
    LifecycleRule,
    RepositoryCreationTemplate,
    RepositorySettings,
    presets,
)
from registry_constructs.ecr import limits
from registry_constructs.registry.creation_template import AppliedFor
from tests.registry.places import FRANKFURT, inhabited, synth_error
from tests.synthesis import cfn_lint, new_app, new_stack, properties, raw_template, resources, warnings

TEMPLATE = "AWS::ECR::RepositoryCreationTemplate"
AES_256 = RepositorySettings(encryption=ecr.RepositoryEncryption.AES_256)
MUTABLE = RepositorySettings(image_tag_mutability=ecr.TagMutability.MUTABLE)
KEY_ACTIONS = ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"]
PURPOSES: list[AppliedFor] = ["CREATE_ON_PUSH", "PULL_THROUGH_CACHE", "REPLICATION"]


def new_template(
    scope: cdk.Stack,
    settings: RepositorySettings | None = None,
    *,
    id: str = "Template",
    prefix: str = "shop",
    applied_for: list[AppliedFor] | Any = ("REPLICATION",),
    **keywords: Any,
) -> RepositoryCreationTemplate:
    return RepositoryCreationTemplate(
        scope, id, prefix=prefix, applied_for=applied_for, settings=settings, **keywords
    )


def said(settings: RepositorySettings | None = None, **keywords: Any) -> dict[str, Any]:
    """What a template of these settings says; it is what CloudFormation takes."""
    stack = new_stack()
    new_template(stack, settings, **keywords)
    assert cfn_lint(raw_template(stack)) == []
    return properties(stack, TEMPLATE)


def role_statements(stack: cdk.Stack) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = properties(stack, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    return found


# Defaults


@pytest.mark.parametrize(
    ("purposes", "mutability", "lifecycle"),
    [
        (["REPLICATION"], "IMMUTABLE", presets.default()),
        (["CREATE_ON_PUSH"], "IMMUTABLE", presets.default()),
        (["PULL_THROUGH_CACHE"], "MUTABLE", presets.pull_through_mirror()),
        (["REPLICATION", "PULL_THROUGH_CACHE"], "IMMUTABLE", presets.default()),
        (PURPOSES, "IMMUTABLE", presets.default()),
    ],
)
def test_defaults_of_each_purpose(purposes: list[AppliedFor], mutability: str, lifecycle: Any) -> None:
    template = said(applied_for=purposes)
    assert template["AppliedFor"] == sorted(purposes)
    assert template["ImageTagMutability"] == mutability
    assert json.loads(template["LifecyclePolicy"]) == lifecycle.to_dict()
    assert template["EncryptionConfiguration"]["EncryptionType"] == "KMS"
    assert template.keys().isdisjoint({"RepositoryPolicy", "ResourceTags", "Description"})


def test_a_cache_can_be_made_immutable() -> None:
    settings = RepositorySettings(image_tag_mutability=ecr.TagMutability.IMMUTABLE)
    assert said(settings, applied_for=["PULL_THROUGH_CACHE"])["ImageTagMutability"] == "IMMUTABLE"


def test_the_templates_and_repositories_of_a_stack_share_one_key() -> None:
    stack = new_stack()
    new_template(stack)
    new_template(stack, id="Other", prefix="base")
    assert len(resources(stack, "AWS::KMS::Key")) == 1


def test_tags_of_the_stack_are_not_copied() -> None:
    stack = new_stack()
    cdk.Tags.of(stack).add("team", "a")
    new_template(stack, RepositorySettings(tags={"owner": "b"}))
    assert properties(stack, TEMPLATE)["ResourceTags"] == [{"Key": "owner", "Value": "b"}]


# Encryption and the role that it needs


@pytest.mark.parametrize(
    ("encryption", "key", "expected", "role"),
    [
        (None, False, {"EncryptionType": "KMS", "KmsKey": "the stack's"}, True),
        (None, True, {"EncryptionType": "KMS", "KmsKey": "own"}, True),
        (ecr.RepositoryEncryption.KMS, True, {"EncryptionType": "KMS", "KmsKey": "own"}, True),
        (ecr.RepositoryEncryption.KMS, False, {"EncryptionType": "KMS"}, True),
        (ecr.RepositoryEncryption.KMS_DSSE, True, {"EncryptionType": "KMS_DSSE", "KmsKey": "own"}, True),
        (ecr.RepositoryEncryption.KMS_DSSE, False, {"EncryptionType": "KMS_DSSE"}, True),
        (ecr.RepositoryEncryption.AES_256, False, {"EncryptionType": "AES256"}, False),
    ],
)
def test_encryption(encryption: Any, expected: dict[str, str], *, key: bool, role: bool) -> None:
    stack = new_stack()
    own = kms.Key(stack, "Key") if key else None
    template = new_template(stack, RepositorySettings(encryption=encryption, encryption_key=own))
    rendered = properties(stack, TEMPLATE)["EncryptionConfiguration"]
    keys = {
        "own": stack.resolve(own.key_arn) if own else None,
        "the stack's": {"Fn::GetAtt": [next(iter(resources(stack, "AWS::KMS::Key")), None), "Arn"]},
    }
    assert rendered == {name: keys.get(value, value) for name, value in expected.items()}
    assert bool(template.role) is role
    assert ("CustomRoleArn" in properties(stack, TEMPLATE)) is role
    assert cfn_lint(raw_template(stack)) == []


@pytest.mark.parametrize(
    ("purposes", "actions"),
    [
        (["REPLICATION"], ["ecr:CreateRepository", "ecr:ReplicateImage"]),
        (["PULL_THROUGH_CACHE"], "ecr:CreateRepository"),
        (["CREATE_ON_PUSH"], "ecr:CreateRepository"),
        (PURPOSES, ["ecr:CreateRepository", "ecr:ReplicateImage"]),
    ],
)
def test_the_role_may_do_what_the_purpose_needs_and_no_more(
    purposes: list[AppliedFor], actions: list[str] | str
) -> None:
    stack = new_stack()
    new_template(stack, applied_for=purposes)
    [key_id] = resources(stack, "AWS::KMS::Key")
    assert role_statements(stack) == [
        {
            "Action": actions,
            "Effect": "Allow",
            "Resource": "arn:aws:ecr:eu-west-1:111122223333:repository/shop/*",
        },
        {"Action": KEY_ACTIONS, "Effect": "Allow", "Resource": {"Fn::GetAtt": [key_id, "Arn"]}},
    ]
    role = properties(stack, "AWS::IAM::Role")
    assert "Path" not in role
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust == {
        "Action": "sts:AssumeRole",
        "Effect": "Allow",
        "Principal": {"Service": "ecr.amazonaws.com"},
    }


def test_the_role_for_tags_alone_knows_no_key() -> None:
    stack = new_stack()
    settings = RepositorySettings(encryption=ecr.RepositoryEncryption.AES_256, tags={"owner": "platform"})
    new_template(stack, settings, applied_for=["CREATE_ON_PUSH"], prefix="ROOT")
    assert role_statements(stack) == [
        {
            "Action": ["ecr:CreateRepository", "ecr:TagResource"],
            "Effect": "Allow",
            "Resource": "arn:aws:ecr:eu-west-1:111122223333:repository/*",
        }
    ]


def test_the_template_waits_until_the_role_may_act() -> None:
    stack = new_stack()
    new_template(stack)
    [template] = resources(stack, TEMPLATE).values()
    assert template["DependsOn"] == list(resources(stack, "AWS::IAM::Policy"))


def test_a_role_of_ones_own_is_used_in_any_case() -> None:
    stack = new_stack()
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111122223333:role/ecr-templates")
    template = new_template(stack, AES_256, custom_role=role)
    assert template.role is role
    assert properties(stack, TEMPLATE)["CustomRoleArn"] == "arn:aws:iam::111122223333:role/ecr-templates"
    assert resources(stack, "AWS::IAM::Role") == {}


def test_a_role_with_a_path_is_refused() -> None:
    stack = new_stack()
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111122223333:role/service/ecr-templates")
    with pytest.raises(InvalidInputError, match="Stack/Template: The role has an IAM path"):
        new_template(stack, custom_role=role)


@pytest.mark.parametrize("path", [None, "/", "known at deployment"])
def test_a_role_of_the_app_is_used(path: str | None) -> None:
    stack = new_stack()
    if path == "known at deployment":
        path = cdk.Aws.STACK_NAME
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ecr.amazonaws.com"), path=path)
    assert new_template(stack, custom_role=role).role is role


def test_a_role_of_the_app_with_a_path_is_refused() -> None:
    stack = new_stack()
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ecr.amazonaws.com"), path="/service/")
    with pytest.raises(InvalidInputError, match="Stack/Template: The role has an IAM path") as caught:
        new_template(stack, custom_role=role)
    assert caught.value.got == "/service/"


@pytest.mark.parametrize("in_app", [True, False])
def test_a_key_of_another_region_is_refused(*, in_app: bool) -> None:
    app = new_app()
    stack, abroad = new_stack(app=app), inhabited("Abroad", app, env=FRANKFURT)
    arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    key = kms.Key(abroad, "Key") if in_app else kms.Key.from_key_arn(stack, "Key", arn)
    with pytest.raises(InvalidInputError, match="Stack/Template: The key is in another Region") as caught:
        new_template(stack, RepositorySettings(encryption_key=key))
    assert caught.value.got == f"{key.node.path} in eu-central-1"


@pytest.mark.parametrize("env", [None, FRANKFURT])
def test_a_key_whose_region_is_not_known_to_be_another_passes(env: cdk.Environment | None) -> None:
    app = new_app()
    stack = new_stack(app=app, env=env)
    arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    new_template(stack, RepositorySettings(encryption_key=kms.Key.from_key_arn(stack, "Key", arn)))
    assert properties(stack, TEMPLATE)["EncryptionConfiguration"]["KmsKey"] == arn


def test_an_alias_is_refused_where_ecr_takes_a_key() -> None:
    stack = new_stack()
    alias = kms.Alias.from_alias_name(stack, "Images", "alias/images")
    with pytest.raises(InvalidInputError, match="Stack/Template: A creation template takes a key"):
        new_template(stack, RepositorySettings(encryption_key=alias))


def test_a_statement_for_nobody_is_refused() -> None:
    stack = new_stack()
    new_template(stack, RepositorySettings(policy=[iam.PolicyStatement(actions=["ecr:BatchGetImage"])]))
    assert "[Stack/Template] The repository policy has a statement without principals" in synth_error(stack)


@pytest.mark.parametrize(
    ("keywords", "problem"),
    [
        ({"settings": {"tags": {}}}, "Not settings for repositories"),
        ({"settings": RepositorySettings(policy=iam.PolicyStatement())}, "policy is not a list"),  # type: ignore[arg-type]
        ({"custom_role": "arn:aws:iam::111122223333:role/images"}, "custom_role is no role"),
        ({"applied_for": None}, "applied_for is not a list"),
        ({"applied_for": [["REPLICATION"]]}, "applied_for is not a list"),
    ],
)
def test_what_is_of_another_kind_is_refused(keywords: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInputError, match=f"Stack/Template: {problem}"):
        new_template(new_stack(), **keywords)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"encryption": "KMS"}, "encryption is none of the CDK's constants"),
        ({"encryption": ecr.RepositoryEncryption.AES_256, "encryption_key": "key"}, "AES_256 takes no key"),
        ({"immutable_except": ["a"], "mutable_except": ["b"]}, "Tag mutability is set more than once"),
        ({"immutable_except": ["a"] * 6}, "immutable_except does not list 1 to 5 filters"),
        ({"immutable_except": ["a b"]}, "immutable_except has a filter that ECR refuses"),
        ({"lifecycle": LifecycleRule.expire(untagged=True, days_since_pushed=1)}, "lifecycle is not a list"),
    ],
)
def test_settings_are_checked_like_a_repositorys(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInputError, match=f"Stack/Template: {problem}"):
        new_template(new_stack(), RepositorySettings(**settings))


# Tag mutability and lifecycle


@pytest.mark.parametrize(
    ("keyword", "mutability"),
    [("immutable_except", "IMMUTABLE_WITH_EXCLUSION"), ("mutable_except", "MUTABLE_WITH_EXCLUSION")],
)
def test_exclusions_are_written_as_the_resource_takes_them(keyword: str, mutability: str) -> None:
    template = said(RepositorySettings(**{keyword: ["latest", "cache-*"]}))  # type: ignore[arg-type]
    assert template["ImageTagMutability"] == mutability
    assert template["ImageTagMutabilityExclusionFilters"] == [
        {"ImageTagMutabilityExclusionFilterType": "WILDCARD", "ImageTagMutabilityExclusionFilterValue": value}
        for value in ("latest", "cache-*")
    ]


def test_no_lifecycle_is_none() -> None:
    assert "LifecyclePolicy" not in said(RepositorySettings(lifecycle=[]))


def test_warnings_of_the_lifecycle_surface() -> None:
    stack = new_stack()
    new_template(stack, RepositorySettings(lifecycle=[LifecycleRule.expire(days_since_pushed=1)]))
    [warning] = warnings(stack)
    assert "registry-constructs:lifecycle-" in warning


# Prefix


@pytest.mark.parametrize(
    ("given", "written"), [("shop", "shop"), ("shop/", "shop"), ("ROOT", "ROOT"), ("a", "a")]
)
def test_a_slash_at_the_end_of_the_prefix_is_assumed(given: str, written: str) -> None:
    assert said(AES_256, prefix=given)["Prefix"] == written


@pytest.mark.parametrize("length", [1, 255, 256])
def test_a_prefix_of_up_to_256_characters(length: int) -> None:
    assert len(said(AES_256, prefix="a" * length)["Prefix"]) == length


@pytest.mark.parametrize(
    "prefix", ["", "a" * 257, "Shop", "/shop", "shop//", "a--", "ROOT/", "shop/*", 7, "${Token[X.1]}"]
)
def test_prefixes_that_are_refused(prefix: Any) -> None:
    with pytest.raises(
        InvalidInputError, match="Stack/Template: Not a prefix that a creation template takes"
    ):
        new_template(new_stack(), prefix=prefix)


def test_a_prefix_is_taken_once_in_an_account_and_region() -> None:
    app = new_app()
    first, second = inhabited("A", app), inhabited("B", app)
    new_template(first, prefix="shop/")
    with pytest.raises(InvalidInputError, match=r"B/Template: .* templates for 'shop'") as caught:
        new_template(second, prefix="shop", applied_for=["CREATE_ON_PUSH"])
    assert caught.value.got == "one at A/Template and another one at B/Template"
    new_template(inhabited("C", app, env=FRANKFURT), prefix="shop")


def test_templates_in_stages_of_other_places_do_not_meet() -> None:
    app = new_app()
    for name, region in {"Beta": "eu-west-1", "Prod": "eu-west-2"}.items():
        stage = cdk.Stage(app, name, env=cdk.Environment(account="111122223333", region=region))
        new_template(cdk.Stack(stage, "Images"))
    again = cdk.Stack(cdk.Stage(app, "Again", env=FRANKFURT), "Images", env=None)
    new_template(again)
    with pytest.raises(InvalidInputError, match="Beta/Images/Template"):
        new_template(inhabited("Other", app))


@pytest.mark.parametrize(
    ("outer", "inner", "warned"),
    [
        (["REPLICATION"], ["REPLICATION"], False),
        (["REPLICATION"], PURPOSES, False),
        (["REPLICATION"], ["CREATE_ON_PUSH"], True),
        (PURPOSES, ["REPLICATION"], True),
    ],
)
def test_a_template_that_hides_another_is_warned_about(
    outer: list[AppliedFor], inner: list[AppliedFor], *, warned: bool
) -> None:
    app = new_app()
    first, second = inhabited("Outer", app), inhabited("Inner", app)
    new_template(second, MUTABLE, prefix="shop/checkout", applied_for=inner)
    new_template(first, MUTABLE, prefix="shop", applied_for=outer)
    assert warnings(first) == []
    found = warnings(second)
    assert len(found) == warned
    for text in found:
        assert "hides the template for 'shop' (Outer/Template) below 'shop/checkout/'" in text
        assert f"it is not for {', '.join(sorted(set(outer) - set(inner)))}." in text


@pytest.mark.parametrize(("one", "other"), [("shop", "shopping"), ("ROOT", "shop"), ("shop/a", "shop/b")])
def test_templates_that_do_not_meet(one: str, other: str) -> None:
    stack = new_stack()
    new_template(stack, AES_256, id="One", prefix=one, applied_for=["REPLICATION"])
    new_template(stack, AES_256, id="Other", prefix=other, applied_for=["CREATE_ON_PUSH"])
    assert warnings(stack) == []


# Purposes, description, tags


@pytest.mark.parametrize(
    "purposes", [[], "REPLICATION", ["replication"], ["REPLICATION", "REPLICATION"], ["REPLICATION", "PUSH"]]
)
def test_purposes_that_are_refused(purposes: Any) -> None:
    with pytest.raises(InvalidInputError, match="Stack/Template: applied_for is not a list of"):
        new_template(new_stack(), applied_for=purposes)


@pytest.mark.parametrize("length", [0, 255, 256])
def test_a_description_of_up_to_256_characters(length: int) -> None:
    assert said(AES_256, description="x" * length).get("Description") == "x" * length


def test_a_longer_description_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="Stack/Template: The description has 257 characters"):
        new_template(new_stack(), description="x" * 257)


@pytest.mark.parametrize(
    "tags",
    [
        {f"key{number}": "value" for number in range(50)},
        {"k" * 128: "v" * 256},
        {"key": ""},
        {"cost:center": "42"},
    ],
)
def test_tags_that_are_taken(tags: dict[str, str]) -> None:
    written = said(RepositorySettings(tags=tags))["ResourceTags"]
    assert written == [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


@pytest.mark.parametrize(
    "tags",
    [
        {f"key{number}": "value" for number in range(51)},
        {"k" * 129: "value"},
        {"key": "v" * 257},
        {"": "value"},
        {"aws:owner": "value"},
        {"AWS:owner": "value"},
        {"key": 7},
        {7: "value"},
        ["key"],
    ],
)
def test_tags_that_are_refused(tags: Any) -> None:
    with pytest.raises(InvalidInputError, match="Stack/Template: Not tags that a creation template takes"):
        new_template(new_stack(), RepositorySettings(tags=tags))


# Policy


def pull(account: str, padding: int = 0) -> iam.PolicyStatement:
    conditions = {"StringEquals": {"aws:PrincipalTag/x": "x" * padding}} if padding else None
    return iam.PolicyStatement(
        principals=[iam.AccountPrincipal(account)], actions=["ecr:BatchGetImage"], conditions=conditions
    )


def test_the_policy_is_text_without_resources() -> None:
    stack = new_stack()
    template = new_template(stack, RepositorySettings(lifecycle=[], policy=[pull("222233334444")]))
    added = pull("333344445555")
    assert template.add_to_repository_policy(added) is added
    assert json.loads(properties(stack, TEMPLATE)["RepositoryPolicy"]) == {
        "Statement": [
            {
                "Action": "ecr:BatchGetImage",
                "Effect": "Allow",
                "Principal": {"AWS": ["arn:aws:iam::222233334444:root", "arn:aws:iam::333344445555:root"]},
            }
        ],
        "Version": "2012-10-17",
    }
    assert cfn_lint(raw_template(stack)) == []


def test_one_statement_can_stand_in_several_templates() -> None:
    stack = new_stack()
    settings = RepositorySettings(encryption=ecr.RepositoryEncryption.AES_256, policy=[pull("222233334444")])
    new_template(stack, settings, id="A", prefix="a")
    new_template(stack, settings, id="B", prefix="b")
    texts = {body["Properties"]["RepositoryPolicy"] for body in resources(stack, TEMPLATE).values()}
    assert len(texts) == 1


def test_the_policy_can_name_a_role_of_this_and_of_another_stack() -> None:
    app = new_app()
    one, two = new_stack("One", app=app), new_stack("Two", app=app)
    roles = [iam.Role(s, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com")) for s in (one, two)]
    statement = iam.PolicyStatement(
        principals=[iam.ArnPrincipal(role.role_arn) for role in roles], actions=["ecr:BatchGetImage"]
    )
    new_template(two, RepositorySettings(policy=[statement]))
    joined = properties(two, TEMPLATE)["RepositoryPolicy"]["Fn::Join"][1]
    [role_id] = [name for name in resources(two, "AWS::IAM::Role") if name.startswith("Role")]
    assert {"Fn::GetAtt": [role_id, "Arn"]} in joined
    assert '"StackName": "One"' in json.dumps(joined)


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_the_policy_may_be_10240_characters_long(over: int) -> None:
    stack = new_stack()
    template = new_template(stack, RepositorySettings(lifecycle=[], policy=[pull("222233334444", 1)]))
    short = len(properties(stack, TEMPLATE)["RepositoryPolicy"]) - 1
    stack = new_stack()
    template = new_template(stack, AES_256)
    template.add_to_repository_policy(pull("222233334444", limits.REPOSITORY_POLICY_LENGTH - short + over))
    if over > 0:
        assert "Stack/Template] The repository policy has 10,241 characters" in synth_error(stack)
    else:
        assert len(properties(stack, TEMPLATE)["RepositoryPolicy"]) == 10_240 + over
        assert cfn_lint(raw_template(stack)) == []


def test_a_cache_whose_tags_never_move_is_warned_about() -> None:
    stack = new_stack()
    pairs: list[tuple[Any, RepositorySettings]] = [
        (["PULL_THROUGH_CACHE", "REPLICATION"], RepositorySettings()),
        (["PULL_THROUGH_CACHE"], RepositorySettings(immutable_except=["latest"])),
        (["PULL_THROUGH_CACHE"], RepositorySettings()),
        (["REPLICATION"], RepositorySettings()),
    ]
    for number, (purposes, settings) in enumerate(pairs):
        RepositoryCreationTemplate(
            stack, f"T{number}", prefix=f"t{number}", applied_for=purposes, settings=settings
        )
    assert [text.startswith("Tags in a pull-through cache are immutable") for text in warnings(stack)] == [
        True,
        True,
    ]
