"""2,000 repositories audited in the local AWS, beside a loop that asks for the same one after another.

Printed are the requests that were sent, the least that ECR's API allows for the same answers, and their
ratio; then the time of both. It fails if there is one request in a hundred more than the least, or if the two
read different things. Run it with `make bench`.
"""

from __future__ import annotations

import math
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.exceptions import ClientError

from registry_constructs.live.audit.accounts import Scope
from registry_constructs.live.audit.audit import read_registries
from registry_constructs.local import LocalAws
from registry_constructs.rules.judge import judge
from registry_constructs.rules.packs import select
from registry_constructs.rules.rule import Part, RuleSettings
from registry_constructs.rules.state import RepositoryState

REPOSITORIES = 2_000
REGION = "eu-west-1"
MOST = 1.01
# What DescribeRepositories and BatchGetRepositoryScanningConfiguration take at once (API reference).
PAGE, BATCH = 1_000, 25
ABSENT = ("LifecyclePolicyNotFoundException", "RepositoryPolicyNotFoundException")


def fill(aws: LocalAws) -> None:
    ecr = aws.client("ecr", region=REGION)

    def make(number: int) -> None:
        mutability = "IMMUTABLE" if number % 3 else "MUTABLE"
        ecr.create_repository(
            repositoryName=f"team-{number % 50}/service-{number}", imageTagMutability=mutability
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(make, range(REPOSITORIES)))


def least() -> int:
    """The requests that can't be spared: the account, the registry's settings, pages, batches, three each."""
    settings = 1 + 5
    return settings + math.ceil(REPOSITORIES / PAGE) + math.ceil(REPOSITORIES / BATCH) + 3 * REPOSITORIES


def loop() -> list[tuple[str, str, str, str]]:
    """The same requests, one after another."""
    ecr: Any = boto3.client("ecr", region_name=REGION)
    found = []
    repositories = [
        one
        for page in ecr.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": PAGE})
        for one in page["repositories"]
    ]
    for start in range(0, len(repositories), BATCH):
        batch = [one["repositoryName"] for one in repositories[start : start + BATCH]]
        answer = ecr.batch_get_repository_scanning_configuration(repositoryNames=batch)
        frequencies = {
            one["repositoryName"]: one["scanFrequency"] for one in answer["scanningConfigurations"]
        }
        for one in repositories[start : start + BATCH]:
            name = one["repositoryName"]
            ecr.list_tags_for_resource(resourceArn=one["repositoryArn"])
            lifecycle = text(ecr.get_lifecycle_policy, "lifecyclePolicyText", name)
            text(ecr.get_repository_policy, "policyText", name)
            found.append((name, one["imageTagMutability"], frequencies[name], lifecycle))
    return sorted(found)


def text(operation: Any, key: str, name: str) -> str:  # noqa: ANN401 - a method of a client
    try:
        return str(operation(repositoryName=name)[key])
    except ClientError as error:
        if error.response["Error"]["Code"] in ABSENT:
            return ""
        raise


def main() -> int:
    left_out = {Part.IMAGES, Part.PUBLIC, Part.RETENTION, Part.CONSUMERS, Part.KEY}
    rules = [rule for rule in select(["strict"]) if rule.needs.isdisjoint(left_out)]
    with LocalAws(region=REGION) as aws:
        for name, value in aws.environment(region=REGION).items():
            os.environ[name] = value
        fill(aws)
        started = time.perf_counter()
        audit = read_registries(rules, Scope(concurrency=8))
        read = time.perf_counter() - started
        started = time.perf_counter()
        judgment = judge(audit.states, rules, RuleSettings())
        judged = time.perf_counter() - started
        started = time.perf_counter()
        expected = loop()
        looped = time.perf_counter() - started
    found = sorted(
        (state.name, str(state.mutability), str(state.scan), str(state.lifecycle))
        for state in audit.states
        if isinstance(state, RepositoryState)
    )
    ratio = audit.requests / least()
    print(
        f"{len(found):,} repositories: {audit.requests:,} requests, the least {least():,}: ratio {ratio:.3f}"
    )
    print(f"read in {read:.1f} s, a loop over the same requests in {looped:.1f} s: ratio {read / looped:.2f}")
    print(f"{len(rules)} rules gave {len(judgment.findings):,} findings in {judged:.2f} s")
    return 0 if found == expected and not audit.unread and not judgment.unjudged and ratio <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
