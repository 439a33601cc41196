"""Registries that change, deployed by the real CDK CLI and read back with boto3."""

from __future__ import annotations

import itertools
from pathlib import Path

import aws_cdk
import pytest

from registry_constructs import PullThroughCache, Registry, Replication, Scanning, Upstream
from registry_constructs.local import CommandError, LocalAws, cdk

HOME, AWAY = ("111122223333", "eu-west-1"), ("222233334444", "eu-central-1")


def test_rules_change_in_place_a_cache_is_replaced_and_nothing_stays_behind(tmp_path: Path) -> None:
    outdirs = (str(tmp_path / f"cdk.out.{number}") for number in itertools.count())

    def synthesize(prefixes: list[str], on_push: list[str], upstream: Upstream, prefix: str) -> str:
        app = aws_cdk.App(outdir=next(outdirs))
        home, away = (
            aws_cdk.Stack(app, name, env=aws_cdk.Environment(account=account, region=region))
            for name, (account, region) in {"Home": HOME, "Away": AWAY}.items()
        )
        Registry(home, "Registry", scanning=Scanning.basic(on_push=on_push))
        Replication(home, "Replication", destinations=[Registry(away, "Registry")], prefixes=prefixes)
        PullThroughCache(home, "Cache", upstream=upstream, prefix=prefix)
        return app.synth().directory

    def deploy(prefixes: list[str], on_push: list[str], upstream: Upstream, prefix: str) -> None:
        with cdk.synthesized(aws, synthesize(prefixes, on_push, upstream, prefix)) as assembly:
            assembly.bootstrap()
            assembly.deploy(concurrency=2)

    with LocalAws(account=HOME[0], region=HOME[1]) as aws:
        ecr = aws.client("ecr")

        def prefixes() -> list[str]:
            [rule] = ecr.describe_registry()["replicationConfiguration"]["rules"]
            return [one["filter"] for one in rule["repositoryFilters"]]

        def cached() -> list[tuple[str, str]]:
            rules = ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]
            return [(rule["ecrRepositoryPrefix"], rule["upstreamRegistry"]) for rule in rules]

        deploy(["shop/"], ["*"], Upstream.quay(), "mirror")
        ids = physical_ids(aws, "Home")
        deploy(["shop/", "tools/"], ["shop/*"], Upstream.quay(), "mirror")
        assert prefixes() == ["shop/", "tools/"]
        assert physical_ids(aws, "Home") == ids

        # Every property of a rule replaces it, and ECR has no room for two rules of one prefix.
        with pytest.raises(CommandError, match="already exists"):
            deploy(["shop/", "tools/"], ["shop/*"], Upstream.kubernetes(), "mirror")
        assert cached() == [("mirror", "quay")]
        deploy(["shop/", "tools/"], ["shop/*"], Upstream.kubernetes(), "kubernetes")
        assert cached() == [("kubernetes", "k8s")]

        last = synthesize(["shop/"], ["*"], Upstream.kubernetes(), "kubernetes")
        with cdk.synthesized(aws, last) as assembly:
            assembly.destroy()
        assert ecr.describe_registry()["replicationConfiguration"]["rules"] == []
        assert cached() == []
        assert ecr.describe_repository_creation_templates()["repositoryCreationTemplates"] == []
        scanning = ecr.get_registry_scanning_configuration()["scanningConfiguration"]
        assert scanning == {"scanType": "BASIC", "rules": []}
        away = aws.client("ecr", account=AWAY[0], region=AWAY[1])
        with pytest.raises(away.exceptions.RegistryPolicyNotFoundException):
            away.get_registry_policy()


def physical_ids(aws: LocalAws, stack: str) -> dict[str, str]:
    found = aws.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in found}
