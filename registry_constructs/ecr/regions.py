"""Partitions of AWS and their Regions: names, URL suffixes, console addresses, registry hosts.

It imports the standard library alone: functions that run in Lambda get a copy of this file.
"""

from __future__ import annotations

from typing import NamedTuple


class Partition(NamedTuple):
    """A group of Regions with accounts of its own.

    Attributes:
        name: The name in ARNs, such as `aws-cn`.
        region_prefix: How the names of its Regions begin; empty for `aws`, which has all others.
        url_suffix: The suffix of its services' host names (botocore, partitions).
        console: The suffix of its console's host names; empty where none is documented.
    """

    name: str
    region_prefix: str
    url_suffix: str
    console: str = ""


PARTITIONS = (
    Partition("aws-cn", "cn-", "amazonaws.com.cn", "console.amazonaws.cn"),
    Partition("aws-us-gov", "us-gov-", "amazonaws.com", "console.amazonaws-us-gov.com"),
    Partition("aws-iso", "us-iso-", "c2s.ic.gov"),
    Partition("aws-iso-b", "us-isob-", "sc2s.sgov.gov"),
    Partition("aws-iso-e", "eu-isoe-", "cloud.adc-e.uk"),
    Partition("aws-iso-f", "us-isof-", "csp.hci.ic.gov"),
    Partition("aws-eusc", "eusc-", "amazonaws.eu"),
    Partition("aws", "", "amazonaws.com", "console.aws.amazon.com"),
)
"""Every partition; the first whose prefix a Region's name begins with is the Region's."""


def partition_of(region: str) -> Partition:
    """The partition of a Region that is known by name; a name that nobody knows yet is one of `aws`."""
    return next(one for one in PARTITIONS if region.startswith(one.region_prefix))


def registry_host(account: str, region: str, url_suffix: str = "") -> str:
    """The host of a private registry.

    Args:
        account: The account's id, or a token.
        region: The Region's name, or a token.
        url_suffix: The partition's suffix, where the Region may be a token. Default: the Region's.
    """
    return f"{account}.dkr.ecr.{region}.{url_suffix or partition_of(region).url_suffix}"


def console_url(account: str, region: str, repository: str, digest: str = "") -> str:
    """The page of a private repository, or of an image in it, in the ECR console; empty where there is none.

    Args:
        account: The account's id.
        region: The Region's name.
        repository: The repository's name.
        digest: The image's digest. Default: the repository's own page.
    """
    console = partition_of(region).console
    image = f"/_/image/{digest}/details" if digest else ""
    page = f"ecr/repositories/private/{account}/{repository}{image}?region={region}"
    return console and f"https://{region}.{console}/{page}"
