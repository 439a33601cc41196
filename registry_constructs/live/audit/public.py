"""An account's public repositories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from registry_constructs.ecr import limits
from registry_constructs.live.audit.asking import Asking
from registry_constructs.live.audit.reader import tags_of
from registry_constructs.live.audit.standing import own_tags
from registry_constructs.live.aws import Aws, pages
from registry_constructs.live.live_repositories import policy_text
from registry_constructs.live.repositories import REPOSITORY
from registry_constructs.rules.judge import Unjudged
from registry_constructs.rules.state import Location, PublicRepositoryState
from registry_constructs.rules.statements import read_policy
from registry_constructs.rules.values import Unknown


def read_public(aws: Aws, account: str, unread: list[Unjudged]) -> Iterator[PublicRepositoryState]:
    """The public repositories of an account; there is one registry of them, in us-east-1.

    Args:
        aws: Where, with the account's credentials.
        account: The account.
        unread: Gets what can't be read.
    """
    ask = Asking()
    region = limits.PUBLIC_REPOSITORY_REGION
    client: Any = aws.client("ecr-public", region)
    where = f"the public repositories of {account} in {region}"
    described = ask(
        lambda: pages(client, "describe_repositories", "repositories", where=where, identity=REPOSITORY)
    )
    if isinstance(described, Unknown):
        unread.append(Unjudged(rule=None, where=where, reason=described.reason))
        return

    def read(one: dict[str, Any]) -> PublicRepositoryState:
        name, arn = one["repositoryName"], one["repositoryArn"]
        place = f"{name} in {region}"
        policy = ask(lambda: policy_text(client.get_repository_policy, "policyText", name, place))
        tags = ask(lambda: tags_of(client, arn, place))
        return PublicRepositoryState(
            name=name,
            place=Location(account=account, region=region, address=arn),
            policy=policy if isinstance(policy, Unknown) else read_policy(policy),
            tags=tags if isinstance(tags, Unknown) else own_tags(tags),
        )

    yield from aws.each(read, described)
