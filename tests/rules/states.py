"""States for tests, as they stand."""

from __future__ import annotations

from typing import Any

from registry_constructs.rules.state import Location, RegistryPolicyState, RepositoryState

ACCOUNT, REGION = "111122223333", "eu-west-1"


def live(name: str = "shop/web", *, account: str = ACCOUNT, region: str = REGION) -> Location:
    """Where a live repository is."""
    return Location(
        account=account, region=region, address=f"arn:aws:ecr:{region}:{account}:repository/{name}"
    )


def repository(name: str = "shop/web", **values: Any) -> RepositoryState:
    """A live repository, as ECR makes it but for what is said."""
    return RepositoryState(name=name, place=live(name), **values)


def registry_policy(**values: Any) -> RegistryPolicyState:
    """A live registry policy."""
    place = Location(account=ACCOUNT, region=REGION, address=f"aws://{ACCOUNT}/{REGION}")
    return RegistryPolicyState(name="registry policy", place=place, **values)
