"""AWS clients of the function."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

from .calls import Clients, reading

# A call that nobody answers ends within a minute; asking again later is the check's own work.
_CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})


def client(service: str, region: str | None = None, **credentials: str) -> Any:  # noqa: ANN401 - no stubs in Lambda
    """A client with the function's credentials, or others."""
    return boto3.client(service, region_name=region, config=_CONFIG, **credentials)  # type: ignore[call-overload]


def clients_of(region: str, role: str) -> Clients:
    """Clients of a registry's Region, each made once, with a role of its account if one is given."""
    made: dict[str, Any] = {}
    credentials: dict[str, str] = {}

    def get(service: str) -> Any:  # noqa: ANN401
        if role and not credentials:
            with reading(role):
                answer = client("sts", region).assume_role(RoleArn=role, RoleSessionName="scan-gate")
                given = answer["Credentials"]
                credentials.update(
                    aws_access_key_id=given["AccessKeyId"],
                    aws_secret_access_key=given["SecretAccessKey"],
                    aws_session_token=given["SessionToken"],
                )
        if service not in made:
            made[service] = client(service, region, **credentials)
        return made[service]

    return get
