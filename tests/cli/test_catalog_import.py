"""`registry-constructs catalog import` against a live registry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry_constructs.catalog.catalog import Catalog
from registry_constructs.catalog.rendering import DEFAULT_ENCRYPTION, properties
from registry_constructs.local import LocalAws
from tests.catalog.content import ROLE, Registry, policy
from tests.live.conftest import Shell, account, shell  # noqa: F401 - fixtures

IMPORT = ("catalog", "import", "--output", "catalog.yaml")
REGIONS = ("eu-west-1", "us-east-1")


@pytest.fixture
def registry(local_aws: LocalAws, shell: Shell) -> Registry:  # noqa: F811
    return Registry(local_aws, shell.account, "eu-west-1")


def test_what_stands_is_what_the_catalog_renders(registry: Registry, shell: Shell) -> None:  # noqa: F811
    registry.every_kind()
    done = shell(*IMPORT)
    assert done.status == 0, done.err
    assert "NOT DESCRIBED" not in done.err
    catalog = Catalog.load("catalog.yaml")
    stands = registry.stands()
    assert {one.name for one in catalog.repositories("eu-west-1")} == set(stands)
    for one in catalog.repositories("eu-west-1"):
        rendered = properties(one, catalog.stack_environment("eu-west-1"), "a new key")
        live = stands[one.name]
        encryption = live["encryptionConfiguration"]
        assert rendered.get("EncryptionConfiguration", DEFAULT_ENCRYPTION) == {
            key[0].upper() + key[1:]: encryption[key] for key in encryption
        }
        assert rendered["ImageTagMutability"] == live["imageTagMutability"]
        filters = [
            {
                "filterType": found["ImageTagMutabilityExclusionFilterType"],
                "filter": found["ImageTagMutabilityExclusionFilterValue"],
            }
            for found in rendered.get("ImageTagMutabilityExclusionFilters", [])
        ]
        assert filters == live.get("imageTagMutabilityExclusionFilters", [])
        assert (
            rendered["ImageScanningConfiguration"]["ScanOnPush"]
            == live["imageScanningConfiguration"]["scanOnPush"]
        )
        lifecycle = rendered.get("LifecyclePolicy", {}).get("LifecyclePolicyText")
        assert (lifecycle and json.loads(lifecycle)) == live["lifecycle"]
        assert bool(rendered.get("RepositoryPolicyText")) == bool(live["policy"])
        assert sorted(rendered.get("Tags", []), key=str) == sorted(live["tags"], key=str)


def test_several_regions_and_some_repositories(local_aws: LocalAws, shell: Shell) -> None:  # noqa: F811
    for region in REGIONS:
        registry = Registry(local_aws, shell.account, region)
        registry.make("shop/cart", encryptionConfiguration={"encryptionType": "KMS", "kmsKey": registry.key})
        registry.make("shop/pay", encryptionConfiguration={"encryptionType": "KMS", "kmsKey": registry.key})
    registry.make("web/page")
    done = shell(
        *IMPORT,
        *(option for region in REGIONS for option in ("--region", region)),
        *("--repository", "shop/cart", "--repository", "web/page", "--resource-mapping", "mappings"),
    )
    assert done.status == 0, done.err
    assert "Note: web/page in eu-west-1: there is no such repository there." in done.err
    data = yaml.safe_load(Path("catalog.yaml").read_text())
    assert data["environments"].keys() == set(REGIONS)
    assert data["repositories"].keys() == {"shop/cart", "web/page"}
    assert data["repositories"]["web/page"]["environments"] == ["us-east-1"]
    assert sorted(file.name for file in Path("mappings").iterdir()) == [
        f"{region}-Repositories0.json" for region in REGIONS
    ]
    [names] = json.loads(Path("mappings/eu-west-1-Repositories0.json").read_text()).values()
    assert names == {"RepositoryName": "shop/cart"}


def test_what_a_catalog_cannot_say_is_told_and_ends_with_status_3(registry: Registry, shell: Shell) -> None:  # noqa: F811
    registry.make("shop/cart", policy=policy(({"AWS": ROLE}, ["ecr:*"])))
    done = shell(*IMPORT)
    assert done.status == 3
    lacks = "NOT DESCRIBED shop/cart in eu-west-1: the catalog LACKS: a statement of the repository policy"
    assert lacks in done.err
    text = Path("catalog.yaml").read_text()
    assert "# NOT COMPLETE" in text
    assert "  # NOT DESCRIBED shop/cart in eu-west-1" in text
    assert list(Catalog.load("catalog.yaml")) == ["shop/cart"]


def test_repositories_of_the_cdk_are_left_out_and_those_of_stacks_are_told(
    registry: Registry,
    shell: Shell,  # noqa: F811
) -> None:
    registry.make(f"cdk-hnb659fds-container-assets-{registry.account}-eu-west-1")
    registry.make("shop/cart", tags={"aws:cloudformation:stack-name": "Shop"})
    done = shell(*IMPORT)
    assert done.status == 0
    assert "is the CDK's own and was left out" in done.err
    assert "Note: The stack Shop in eu-west-1 owns shop/cart" in done.err
    assert list(Catalog.load("catalog.yaml")) == ["shop/cart"]


def test_a_file_that_is_there_is_kept_without_force(registry: Registry, shell: Shell) -> None:  # noqa: F811
    registry.make("shop/cart")
    Path("catalog.yaml").write_text("mine")
    assert shell(*IMPORT).status == 2
    assert Path("catalog.yaml").read_text() == "mine"
    Path("mappings").mkdir()
    Path("mappings/eu-west-1-Repositories0.json").write_text("mine")
    Path("catalog.yaml").unlink()
    assert shell(*IMPORT, "--resource-mapping", "mappings").status == 2
    assert not Path("catalog.yaml").exists()
    assert shell(*IMPORT, "--resource-mapping", "mappings", "--force").status == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--repository", "none/there"], "There is no such repository"),
        (["--region", "moon-1"], "There is no such Region"),
        (["--output", "none/there.yaml"], "The folder of the output is not there"),
    ],
)
def test_bad_options_end_with_status_2(shell: Shell, options: list[str], said: str) -> None:  # noqa: F811
    done = shell(*IMPORT, *options)
    assert done.status == 2
    assert said in done.err


@pytest.mark.parametrize(
    "operation", ["get_lifecycle_policy", "get_repository_policy", "list_tags_for_resource"]
)
def test_nothing_is_written_when_something_cannot_be_read(
    registry: Registry,
    shell: Shell,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
) -> None:
    from registry_constructs.live import Aws

    registry.make("shop/cart")
    registry.make("shop/pay")
    own = Aws.client

    def client(self: Aws, service: str, region: str) -> Any:
        made = own(self, service, region)
        if service == "ecr":
            setattr(made, operation, lambda **_: {})
        return made

    monkeypatch.setattr(Aws, "client", client)
    done = shell(*IMPORT)
    assert done.status == 1
    assert "shop/cart in eu-west-1: AWS's answer can't be read" in done.err
    assert not Path("catalog.yaml").exists()


def test_a_repository_that_is_deleted_meanwhile_is_told(
    registry: Registry,
    shell: Shell,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from registry_constructs.live import Aws

    registry.make("shop/cart")
    registry.make("shop/pay")
    own = Aws.client

    def client(self: Aws, service: str, region: str) -> Any:
        made = own(self, service, region)
        if service == "ecr":
            tags = made.list_tags_for_resource

            def after_deletion(resourceArn: str) -> Any:  # noqa: N803 - boto3's
                if resourceArn.endswith("/shop/pay"):
                    registry.ecr.delete_repository(repositoryName="shop/pay")
                return tags(resourceArn=resourceArn)

            made.list_tags_for_resource = after_deletion
        return made

    monkeypatch.setattr(Aws, "client", client)
    done = shell(*IMPORT)
    assert done.status == 0, done.err
    assert "shop/pay in eu-west-1 was deleted while it was read" in done.err
    assert list(Catalog.load("catalog.yaml")) == ["shop/cart"]


def test_reading_stops_when_many_cannot_be_read(
    registry: Registry,
    shell: Shell,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from registry_constructs.live import Aws

    for number in range(40):
        registry.make(f"shop/service-{number}")
    own = Aws.client

    def client(self: Aws, service: str, region: str) -> Any:
        made = own(self, service, region)
        if service == "ecr":
            made.list_tags_for_resource = lambda **_: {}
        return made

    monkeypatch.setattr(Aws, "client", client)
    done = shell(*IMPORT, "--concurrency", "1")
    assert done.status == 1
    assert done.err.count("AWS's answer can't be read") == 10
    assert not Path("catalog.yaml").exists()
