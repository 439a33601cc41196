"""What the commands share that ask rules: which, and what the rules can't know by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.names import check_account_id, check_organization_id
from registry_constructs.rules.packs import PACKS
from registry_constructs.rules.rule import Settings

RuleNames = Annotated[
    list[str] | None,
    typer.Option(
        "--rule",
        metavar="RULE|PACK",
        help=f"A rule, or a pack: {', '.join(PACKS)}. `-` before a rule leaves it out; may be repeated.",
        show_default="recommended",
    ),
]
OrganizationId = Annotated[
    str | None,
    typer.Option("--organization-id", metavar="ID", help="Your organization, such as o-a1b2c3."),
]
TrustedAccounts = Annotated[
    list[str] | None,
    typer.Option("--trusted-account", metavar="ACCOUNT", help="An account of yours; may be repeated."),
]
RequiredTags = Annotated[
    list[str] | None,
    typer.Option(
        "--required-tag", metavar="KEY", help="A tag that each repository must have; may be repeated."
    ),
]
PublicRepositories = Annotated[
    list[str] | None,
    typer.Option(
        "--public-repository",
        metavar="NAME",
        help="A public repository that is meant, with `*`; may be repeated.",
    ),
]


def settings_of(
    *,
    organization_id: str | None,
    trusted_account: Sequence[str] | None,
    required_tag: Sequence[str] | None,
    public_repository: Sequence[str] | None,
) -> Settings:
    """What the options say.

    Raises:
        InvalidInputError: An id is none.
    """
    try:
        if organization_id is not None:
            check_organization_id(organization_id)
    except InvalidInputError as error:
        raise error.within("--organization-id") from None
    for account in trusted_account or ():
        try:
            check_account_id(account)
        except InvalidInputError as error:
            raise error.within("--trusted-account") from None
    return Settings(
        organization=organization_id or "",
        accounts=frozenset(trusted_account or ()),
        required_tags=tuple(required_tag or ()),
        public_repositories=tuple(public_repository or ()),
    )
