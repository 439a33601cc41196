"""The repository's defaults, every way out of them, and what it refuses."""

from __future__ import annotations

from typing import Any, cast

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_kms as kms

from registry_constructs import InvalidInputError, LifecyclePolicy, LifecycleRule, Repository, presets
from tests.synthesis import new_app, new_stack, properties, raw_template, resources, warnings


def test_one_line_gives_the_safe_defaults() -> None:
    stack = new_stack()
    Repository(stack, "App")
    [repository] = resources(stack).values()
    said = repository["Properties"]
    assert said["ImageTagMutability"] == "IMMUTABLE"
    assert said["ImageScanningConfiguration"] == {"ScanOnPush": True}
    assert len(said["LifecyclePolicy"]["LifecyclePolicyText"]["rules"]) == 1
    assert said["EncryptionConfiguration"]["EncryptionType"] == "KMS"
    [key_id] = resources(stack, "AWS::KMS::Key")
    assert said["EncryptionConfiguration"]["KmsKey"] == {"Fn::GetAtt": [key_id, "Arn"]}
    assert (repository["DeletionPolicy"], repository["UpdateReplacePolicy"]) == ("Retain", "Retain")
    [key] = resources(stack, "AWS::KMS::Key").values()
    assert key["Properties"]["EnableKeyRotation"] is True
    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert warnings(stack) == []


def test_the_repositories_of_a_stack_share_one_key() -> None:
    stack = new_stack()
    for name in "ABC":
        Repository(stack, name)
    assert len(resources(stack, "AWS::KMS::Key")) == 1
    keys = {str(r["Properties"]["EncryptionConfiguration"]["KmsKey"]) for r in resources(stack).values()}
    assert len(keys) == 1


def test_each_stack_has_a_key_of_its_own() -> None:
    app = new_app()
    first, second = new_stack("First", app=app), new_stack("Second", app=app)
    Repository(first, "App")
    Repository(second, "App")
    assert properties(first, "AWS::KMS::Alias")["AliasName"] == "alias/ecr/First"
    assert properties(second, "AWS::KMS::Alias")["AliasName"] == "alias/ecr/Second"


def test_a_nested_stack_has_a_key_of_its_own() -> None:
    parent = new_stack()
    nested = cdk.NestedStack(parent, "Nested")
    Repository(nested, "App")
    assert len(resources(nested, "AWS::KMS::Key")) == 1
    assert resources(parent, "AWS::KMS::Key") == {}


ENCRYPTIONS: dict[str, tuple[dict[str, Any], Any]] = {
    "AWS's key": ({"encryption": ecr.RepositoryEncryption.KMS}, {"EncryptionType": "KMS"}),
    "AES-256": ({"encryption": ecr.RepositoryEncryption.AES_256}, None),
    "two layers": ({"encryption": ecr.RepositoryEncryption.KMS_DSSE}, {"EncryptionType": "KMS_DSSE"}),
}


@pytest.mark.parametrize("variant", ENCRYPTIONS)
def test_encryption_without_a_key_of_the_stack(variant: str) -> None:
    keywords, expected = ENCRYPTIONS[variant]
    stack = new_stack(env=cdk.Environment(account="111122223333", region="us-gov-west-1"))
    Repository(stack, "App", **keywords)
    assert properties(stack).get("EncryptionConfiguration") == expected
    assert resources(stack, "AWS::KMS::Key") == {}
    assert warnings(stack) == []


@pytest.mark.parametrize(
    ("encryption", "expected"),
    [
        (None, "KMS"),
        (ecr.RepositoryEncryption.KMS, "KMS"),
        (ecr.RepositoryEncryption.KMS_DSSE, "KMS_DSSE"),
    ],
)
def test_encryption_with_an_own_key(encryption: ecr.RepositoryEncryption | None, expected: str) -> None:
    stack = new_stack()
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:111122223333:key/own")
    Repository(stack, "App", encryption=encryption, encryption_key=key)
    assert properties(stack)["EncryptionConfiguration"] == {
        "EncryptionType": expected,
        "KmsKey": "arn:aws:kms:eu-west-1:111122223333:key/own",
    }


def test_two_layer_encryption_outside_govcloud_warns() -> None:
    stack = new_stack()
    Repository(stack, "App", encryption=ecr.RepositoryEncryption.KMS_DSSE)
    [warning] = warnings(stack)
    assert "GovCloud" in warning
    assert "eu-west-1" in warning

    stack = new_stack()
    repository = Repository(stack, "App", encryption=ecr.RepositoryEncryption.KMS_DSSE)
    cdk.Validations.of(repository).acknowledge(
        cdk.Acknowledgment(id="registry-constructs:encryption-dual-layer-region", reason="offered here now")
    )
    assert warnings(stack) == []


@pytest.mark.parametrize(
    ("keywords", "reason"),
    [
        ({"encryption": "KMS"}, "none of the CDK's constants"),
        ({"encryption": ecr.RepositoryEncryption.AES_256, "encryption_key": "own"}, "AES_256 takes no key"),
        ({"empty_on_delete": True}, "without a removal that deletes"),
        ({"empty_on_delete": True, "removal_policy": cdk.RemovalPolicy.RETAIN}, "a removal that deletes"),
    ],
)
def test_keywords_that_contradict_each_other_are_refused(keywords: dict[str, Any], reason: str) -> None:
    stack = new_stack()
    if "encryption_key" in keywords:
        keywords = {**keywords, "encryption_key": kms.Key(stack, "Key")}
    with pytest.raises(InvalidInputError, match=f"Stack/App: .*{reason}"):
        Repository(stack, "App", **keywords)


@pytest.mark.parametrize("name", ["ab", "a--b", "a__b", "a.b/c-d_e", "0/1", "a---b", "team/app", "a" * 256])
def test_every_name_that_ecr_accepts_is_accepted(name: str) -> None:
    stack = new_stack()
    Repository(stack, "App", repository_name=name)
    assert properties(stack)["RepositoryName"] == name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a", "of 1 characters"),
        ("a" * 257, "of 257 characters"),
        ("Team/App", "upper-case letters"),
        ("team app", "characters that ECR refuses: ' '"),
        ("team//app", "separator"),
        ("-app", "separator"),
        ("app/", "separator"),
        ("a..b", "separator"),
        ("a___b", "separator"),
        ("", "of 0 characters"),
    ],
)
def test_every_other_name_is_refused_with_the_reason(name: str, reason: str) -> None:
    stack = new_stack()
    with pytest.raises(InvalidInputError) as refusal:
        Repository(stack, "App", repository_name=name)
    message = str(refusal.value)
    assert message.startswith("Stack/App: ")
    assert reason in message
    assert f"Got: {name!r}" in message
    assert "Fix: " in message


def test_a_name_known_only_at_deployment_passes() -> None:
    stack = new_stack()
    parameter = cdk.CfnParameter(stack, "Name")
    Repository(stack, "App", repository_name=parameter.value_as_string)
    assert properties(stack)["RepositoryName"] == {"Ref": "Name"}


def test_scanning_can_be_left_to_the_registry() -> None:
    stack = new_stack()
    Repository(stack, "App", image_scan_on_push=False)
    assert properties(stack)["ImageScanningConfiguration"] == {"ScanOnPush": False}


def test_removal_keeps_or_deletes_as_said() -> None:
    stack = new_stack()
    Repository(stack, "Kept")
    Repository(stack, "Gone", removal_policy=cdk.RemovalPolicy.DESTROY, empty_on_delete=True)
    kept, gone = resources(stack).values()
    assert (kept["DeletionPolicy"], kept["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert (gone["DeletionPolicy"], gone["Properties"]["EmptyOnDelete"]) == ("Delete", True)


def test_auto_delete_images_still_works() -> None:
    stack = new_stack()
    Repository(stack, "App", removal_policy=cdk.RemovalPolicy.DESTROY, auto_delete_images=True)
    assert len(resources(stack, "Custom::ECRAutoDeleteImages")) == 1


def test_it_is_accepted_wherever_a_repository_is() -> None:
    stack = new_stack()
    repository = Repository(stack, "App")
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container("app", image=ecs.ContainerImage.from_ecr_repository(repository, "v1"))
    codebuild.Project(
        stack,
        "Build",
        build_spec=codebuild.BuildSpec.from_object({"version": "0.2"}),
        environment=codebuild.BuildEnvironment(
            build_image=codebuild.LinuxBuildImage.from_ecr_repository(repository)
        ),
    )
    images = [
        str(properties(stack, "AWS::ECS::TaskDefinition")["ContainerDefinitions"][0]["Image"]),
        str(properties(stack, "AWS::CodeBuild::Project")["Environment"]["Image"]),
    ]
    [logical_id] = resources(stack)
    assert all(logical_id in image for image in images)


class TestLifecycle:
    def test_a_policy_is_rendered(self) -> None:
        stack = new_stack()
        policy = LifecyclePolicy([LifecycleRule.archive(days_since_pulled=90)])
        Repository(stack, "App", lifecycle=policy)
        assert properties(stack)["LifecyclePolicy"]["LifecyclePolicyText"] == policy.to_dict()

    def test_a_list_of_rules_is_rendered(self) -> None:
        stack = new_stack()
        rules = [LifecycleRule.expire(any_of=["pr-*", "tmp-*"], days_since_pushed=7)]
        Repository(stack, "App", lifecycle=rules)
        text = properties(stack)["LifecyclePolicy"]["LifecyclePolicyText"]
        assert [rule["selection"]["tagPatternList"] for rule in text["rules"]] == [["pr-*"], ["tmp-*"]]

    @pytest.mark.parametrize("keyword", ["lifecycle", "lifecycle_rules"])
    def test_an_empty_list_means_no_policy(self, keyword: str) -> None:
        stack = new_stack()
        Repository(stack, "App", **cast("Any", {keyword: []}))
        assert "LifecyclePolicy" not in properties(stack)

    def test_the_registry_id_is_kept(self) -> None:
        stack = new_stack()
        Repository(stack, "App", lifecycle_registry_id="111122223333")
        assert properties(stack)["LifecyclePolicy"]["RegistryId"] == "111122223333"

    @pytest.mark.parametrize("keyword", ["lifecycle", "lifecycle_rules"])
    @pytest.mark.parametrize(
        "given",
        [LifecycleRule.expire(untagged=True, days_since_pushed=1), ecr.LifecycleRule(), {}, "", False, 5],
        ids=repr,
    )
    def test_what_is_no_list_is_refused(self, keyword: str, given: Any) -> None:
        with pytest.raises(InvalidInputError, match=rf"Stack/App: {keyword} is not a list(?s:.*)\[\.\.\.\]"):
            Repository(new_stack(), "App", **{keyword: given})

    def test_rules_of_the_other_library_are_refused_with_the_keyword_to_use(self) -> None:
        ours: Any = LifecycleRule.expire(days_since_pushed=1)
        theirs: Any = ecr.LifecycleRule(max_image_count=1)
        with pytest.raises(InvalidInputError, match=r"Stack/App: (?s:.*)lifecycle_rules"):
            Repository(new_stack(), "App", lifecycle=[theirs])
        with pytest.raises(InvalidInputError, match=r"Stack/App: (?s:.*)lifecycle=\["):
            Repository(new_stack(), "App", lifecycle_rules=[ours])

    def test_both_keywords_are_refused(self) -> None:
        with pytest.raises(InvalidInputError, match="lifecycle and lifecycle_rules are both given"):
            Repository(
                new_stack(),
                "App",
                lifecycle=presets.releases(),
                lifecycle_rules=[ecr.LifecycleRule(max_image_count=5)],
            )

    def test_what_nobody_wants_is_a_warning(self) -> None:
        stack = new_stack()
        repository = Repository(stack, "App", lifecycle=[LifecycleRule.expire(days_since_pushed=30)])
        acknowledgment = "Annotation::registry-constructs:lifecycle-can-empty-repository"
        [warning] = warnings(stack)
        assert warning.startswith("Rule 1 (expire any images 30 days after the push)")
        assert warning.endswith(f"[ack: {acknowledgment}]")

        stack = new_stack()
        repository = Repository(stack, "App", lifecycle=[LifecycleRule.expire(days_since_pushed=30)])
        cdk.Validations.of(repository).acknowledge(
            cdk.Acknowledgment(id=acknowledgment, reason="a scratch repository")
        )
        assert warnings(stack) == []


class TestCdkLifecycleRules:
    RULES = (
        ecr.LifecycleRule(max_image_count=10, description="any"),
        ecr.LifecycleRule(tag_prefix_list=["v"], max_image_count=5),
        ecr.LifecycleRule(tag_status=ecr.TagStatus.UNTAGGED, max_image_age=cdk.Duration.days(3)),
        ecr.LifecycleRule(tag_pattern_list=["pr-*"], max_image_age=cdk.Duration.days(14)),
    )

    @pytest.mark.parametrize(
        "priorities",
        [
            (None, None, None, None),
            (40, 1, 2, 3),
            (None, 7, None, 3),
            (None, None, 1, None),
            (None, None, None, 10),
            (None, 10, None, None),
        ],
    )
    def test_they_become_the_text_that_the_cdk_would_write(self, priorities: tuple[int | None, ...]) -> None:
        rules = [
            ecr.LifecycleRule(**{**rule._values, "rule_priority": priority})
            for rule, priority in zip(self.RULES, priorities, strict=True)
        ]
        ours, plain = new_stack(), new_stack()
        Repository(ours, "App", lifecycle_rules=rules)
        ecr.Repository(plain, "App", lifecycle_rules=rules)
        written = properties(ours)["LifecyclePolicy"]["LifecyclePolicyText"]["rules"]
        expected = properties(plain)["LifecyclePolicy"]["LifecyclePolicyText"]["rules"]
        by_priority = sorted(expected, key=lambda rule: rule["rulePriority"])
        assert written == by_priority

    def test_a_dictionary_with_other_keys_is_refused(self) -> None:
        with pytest.raises(InvalidInputError, match=r"no rule of the CDK(?s:.*)max_image_count"):
            Repository(new_stack(), "App", lifecycle_rules=[{"maxImageCount": 5}])

    def test_a_second_flaw_of_the_same_kind_is_a_warning_too(self) -> None:
        stack = new_stack()
        repository = Repository(stack, "App", lifecycle=[])
        for letters in (["a*", "b*"], ["c*", "d*"]):
            repository.add_lifecycle_rule(tag_pattern_list=letters, max_image_age=cdk.Duration.days(1))
        assert len(warnings(stack)) == 2

    def test_a_rule_as_a_dictionary(self) -> None:
        stack = new_stack()
        Repository(stack, "App", lifecycle_rules=[{"max_image_count": 5}])
        [rule] = properties(stack)["LifecyclePolicy"]["LifecyclePolicyText"]["rules"]
        assert rule["selection"]["countNumber"] == 5

    def test_the_first_rule_added_replaces_the_default(self) -> None:
        stack = new_stack()
        repository = Repository(stack, "App")
        repository.add_lifecycle_rule(tag_status=ecr.TagStatus.UNTAGGED, max_image_age=cdk.Duration.days(3))
        repository.add_lifecycle_rule(max_image_count=100)
        rules = properties(stack)["LifecyclePolicy"]["LifecyclePolicyText"]["rules"]
        assert [rule["selection"]["tagStatus"] for rule in rules] == ["untagged", "any"]

    def test_a_rule_is_added_to_a_policy(self) -> None:
        stack = new_stack()
        repository = Repository(stack, "App", lifecycle=presets.build_cache())
        repository.add_lifecycle_rule(tag_prefix_list=["tmp-"], max_image_age=cdk.Duration.days(1))
        rules = properties(stack)["LifecyclePolicy"]["LifecyclePolicyText"]["rules"]
        assert len(rules) == len(presets.build_cache().rules) + 1

    @pytest.mark.parametrize(
        ("rule", "reason"),
        [
            ({"max_image_count": 0}, "1 or more"),
            ({"max_image_count": 2.5}, "2.5"),
            ({"max_image_count": float("inf")}, "inf"),
            ({"max_image_count": float("nan")}, "nan"),
            ({"max_image_count": 5, "rule_priority": 0}, "priority"),
            ({"tag_status": ecr.TagStatus.TAGGED, "max_image_count": 5}, "names no tags"),
            (
                {"tag_status": ecr.TagStatus.UNTAGGED, "tag_prefix_list": ["v"], "max_image_count": 5},
                "a lifecycle rule for untagged images names tags",
            ),
            ({}, "exactly one condition"),
        ],
    )
    def test_what_ecr_would_refuse_is_refused(self, rule: dict[str, Any], reason: str) -> None:
        with pytest.raises(InvalidInputError) as refusal:
            Repository(new_stack(), "App", lifecycle_rules=[rule])
        assert str(refusal.value).startswith("Stack/App: ")
        assert reason.lower() in str(refusal.value).lower()
        repository = Repository(new_stack(), "App")
        with pytest.raises(InvalidInputError, match="Stack/App: "):
            repository.add_lifecycle_rule(**rule)


def test_a_key_of_another_region_is_refused() -> None:
    stack = new_stack()
    key = kms.Key.from_key_arn(
        stack, "Key", "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    )
    with pytest.raises(InvalidInputError, match="Stack/App: The key is in another Region") as caught:
        Repository(stack, "App", encryption_key=key)
    assert "eu-central-1" in str(caught.value)


def test_a_key_of_another_region_is_refused_in_that_stack_alone() -> None:
    app = new_app()
    here, there = (
        new_stack("Here", app=app),
        new_stack("There", app=app, env=cdk.Environment(region="us-east-1")),
    )
    key = kms.Key.from_key_arn(here, "Key", "arn:aws:kms:eu-west-1:111122223333:key/own")
    for name in "AB":
        Repository(here, name, encryption_key=key)
        with pytest.raises(InvalidInputError, match=f"There/{name}: The key is in another Region"):
            Repository(there, name, encryption_key=key)


POLICIES = {
    "default": presets.default(),
    "continuous delivery": presets.continuous_delivery(),
    "archive": presets.long_term_archive(),
    "any image": LifecyclePolicy(
        [
            LifecycleRule.expire(image_count_more_than=9, priority=70),
            LifecycleRule.expire(tag_prefix_list=["é"], days_since_pushed=1, description='"<ü>" \u2028 \\'),
            LifecycleRule.expire(untagged=True, days_since_pushed=2, priority=7),
        ]
    ),
    "a storage class": LifecyclePolicy.from_json(
        presets.default().to_json().replace('"countType"', '"storageClass":"standard","countType"')
    ),
}


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize("registry_id", [None, "111122223333"])
def test_the_text_of_a_policy_is_written_to_the_letter(
    policy: LifecyclePolicy, registry_id: str | None
) -> None:
    stack = new_stack()
    Repository(stack, "App", lifecycle=policy, lifecycle_registry_id=registry_id)
    repositories = (r for r in raw_template(stack)["Resources"].values() if "ECR" in r["Type"])
    [written] = (repository["Properties"]["LifecyclePolicy"] for repository in repositories)
    expected = {"LifecyclePolicyText": policy.to_json(), "RegistryId": registry_id}
    assert written == {key: value for key, value in expected.items() if value}


@pytest.mark.parametrize(
    "keywords", [{}, {"repository_name": "a/b", "immutable_except": ["x"], "lifecycle": presets.releases()}]
)
def test_a_repository_is_one_call_to_node(keywords: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    stack = new_stack()
    Repository(stack, "First", **keywords)
    process = cast("Any", jsii.kernel.provider)._process
    send, calls = process.send, list[Any]()

    def counted(*request: Any) -> Any:
        calls.append(request[0])
        return send(*request)

    monkeypatch.setattr(process, "send", counted)
    Repository(stack, "Second", **keywords)
    assert len(calls) == 1, calls
