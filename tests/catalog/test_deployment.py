"""Two thousand repositories by the real CDK CLI, stacks in parallel; and a change to a few of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from registry_constructs import Catalog, CatalogStage
from registry_constructs.local import LocalAws
from registry_constructs.local.cdk import CloudAssembly
from tests.synthesis import ROOT, new_app

HOME = {"account": "111122223333", "region": "eu-west-1"}


def assembly(aws: LocalAws, repositories: dict[str, Any]) -> CloudAssembly:
    catalog = Catalog.from_dict(
        {"environments": {"home": HOME}, "stacks": {"count": 6}, "repositories": repositories}
    )
    app = new_app()
    CatalogStage.for_environments(app, catalog)
    return CloudAssembly(aws, Path(app.synth().directory), str(ROOT / "node_modules" / ".bin" / "cdk"))


def standing(aws: LocalAws) -> dict[str, Any]:
    pages = aws.client("ecr").get_paginator("describe_repositories").paginate()
    found = [one for page in pages for one in page["repositories"]]
    return {one["repositoryName"]: one for one in found if not one["repositoryName"].startswith("cdk-")}


def test_two_thousand_deploy_and_a_change_touches_only_what_it_names() -> None:
    repositories: dict[str, Any] = {f"team-{number % 20}/service-{number}": {} for number in range(2_000)}
    with LocalAws(account=HOME["account"], region=HOME["region"]) as aws:
        first = assembly(aws, repositories)
        first.bootstrap()
        first.deploy(concurrency=6)
        before = standing(aws)
        assert before.keys() == repositories.keys()

        changed = dict(reversed(repositories.items()))
        del changed["team-0/service-0"]
        changed |= {"team-1/service-1": {"image_tag_mutability": "MUTABLE"}, "team-0/new": {}}
        assembly(aws, changed).deploy(concurrency=6)
        after = standing(aws)
        # It is retained, and so still there.
        assert after.keys() == repositories.keys() | {"team-0/new"}
        assert after["team-1/service-1"]["imageTagMutability"] == "MUTABLE"
        touched = {"team-1/service-1", "team-0/new"}
        assert {name: one for name, one in after.items() if name not in touched} == {
            name: one for name, one in before.items() if name not in touched
        }
