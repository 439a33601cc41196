"""OIDC identity providers of an account; IAM allows one per URL."""

from __future__ import annotations

import re
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token

_ADDRESS = re.compile(r"https://(?P<name>[a-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._/-]+)?)")


def provider_name(url: str) -> str:
    """A provider's URL without scheme, as the prefix of its condition keys.

    Raises:
        InvalidInputError: If it is no address that IAM takes.
    """
    found = _ADDRESS.fullmatch(url) if isinstance(url, str) else None
    if found is None or url.endswith("/"):
        raise InvalidInputError(
            "Not the address of an OIDC provider",
            got=url,
            allowed="https:// and a host, without a '/' at the end",
            fix="write url='https://gitlab.example.com'",
        )
    return found["name"]


def identity_provider(scope: Construct, url: str, audience: str) -> iam.IOidcProvider:
    """The provider of a URL, created on first use and shared by the publishers of a stack.

    It stays when the stack goes: others of the account may trust it.
    """
    stack = cdk.Stack.of(scope)
    name = f"RegistryConstructsOidc-{provider_name(url).replace('/', '-')}"
    existing = stack.node.try_find_child(name)
    if not isinstance(existing, iam.OidcProviderNative):
        existing = iam.OidcProviderNative(
            stack, name, url=url, client_ids=[audience], removal_policy=cdk.RemovalPolicy.RETAIN
        )
    resource = cast("iam.CfnOIDCProvider", existing.node.default_child)
    resource.client_id_list = sorted({*(resource.client_id_list or []), audience})
    return cast("iam.IOidcProvider", existing)


def check_provider(provider: iam.IOidcProvider, url: str) -> None:
    """Check that a provider has the expected URL; one that is known only at deployment passes.

    Raises:
        InvalidInputError: If it is another one.
    """
    arn = provider.oidc_provider_arn
    if not is_token(arn) and arn.partition(":oidc-provider/")[2] != provider_name(url):
        raise InvalidInputError(
            "The identity provider is of another address",
            got=arn,
            allowed=f"the one of {url}",
            fix="import that one, or give its address with url",
        )
