"""Sets ECR's account settings for CloudFormation; runs in Lambda.

The values from before the first deployment are kept in the resource's physical id, such as
`BLOB_MOUNTING=DISABLED,REGISTRY_POLICY_SCOPE=V1`. The id never changes, so CloudFormation never replaces the
resource.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from registry_constructs._cdk.answer import answer

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

SETTINGS = ("BLOB_MOUNTING", "REGISTRY_POLICY_SCOPE", "BASIC_SCAN_TYPE_VERSION")
NOTHING_SET = "NOTHING_SET"
"""The physical id of a resource whose creation failed: it remembers nothing."""

# Short enough for an answer within the function's minute when ECR can't be reached.
_CONFIG = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
_ANSWER_ATTEMPTS = 3


class SettingError(Exception):
    """A setting that could not be read or written, in words for CloudFormation's events."""


def handler(event: dict[str, Any], _context: object) -> None:
    """Do what CloudFormation asks and answer it, whatever happens."""
    physical_id = event.get("PhysicalResourceId", NOTHING_SET)
    status, reason = "SUCCESS", ""
    try:
        physical_id = run(event, boto3.client("ecr", config=_CONFIG))
    except Exception as error:  # whatever it is: without an answer CloudFormation waits for its timeout
        reason = str(error) if isinstance(error, SettingError) else f"{type(error).__name__}: {error}"
        print(f"{event['RequestType']} failed: {reason}")
        # A resource that can't be deleted would hold up its stack, and a setting is not worth that.
        status = "SUCCESS" if event["RequestType"] == "Delete" else "FAILED"
    answer(event, status=status, reason=reason, physical_id=physical_id, attempts=_ANSWER_ATTEMPTS)


def run(event: dict[str, Any], ecr: ECRClient) -> str:
    """Do what CloudFormation asks, and return the physical id."""
    properties = event["ResourceProperties"]
    wanted: dict[str, str] = properties["Settings"]
    restores = properties["OnDelete"] == "restore"
    if event["RequestType"] == "Create":
        before = remember(ecr, wanted)
        put(ecr, wanted)
        return ",".join(f"{name}={value}" for name, value in before.items()) or NOTHING_SET
    physical_id: str = event["PhysicalResourceId"]
    before = dict(pair.split("=", 1) for pair in physical_id.split(",") if "=" in pair)
    if event["RequestType"] == "Update":
        put(ecr, wanted)
        dropped = event["OldResourceProperties"]["Settings"].keys() - wanted.keys()
    else:
        dropped = wanted.keys()
    if restores:
        restore(ecr, {name: before[name] for name in SETTINGS if name in dropped and name in before})
    return physical_id


def remember(ecr: ECRClient, wanted: dict[str, str]) -> dict[str, str]:
    """The values of all settings: an update may add one later. Only those wanted have to be readable."""
    found = {}
    for name in SETTINGS:
        try:
            value = get(ecr, name)
        except SettingError:
            if name in wanted:
                raise
        else:
            if value:
                found[name] = value
    return found


def put(ecr: ECRClient, wanted: dict[str, str]) -> None:
    """Write the settings that differ; if one is refused, put back those already written."""
    written = {}
    try:
        for name, value in wanted.items():
            before = get(ecr, name)
            if before != value:
                _put(ecr, name, value)
                written[name] = before
            print(f"{name} is {value}, was {before}")
    except SettingError:
        restore(ecr, {name: before for name, before in written.items() if before})
        raise


def restore(ecr: ECRClient, before: dict[str, str]) -> None:
    """Put values back; one that ECR no longer takes, such as V1, is left as it is."""
    for name, value in before.items():
        try:
            if get(ecr, name) != value:
                _put(ecr, name, value)
                print(f"{name} is {value} again")
        except SettingError as error:
            print(f"{name} stays as it is: {error}")


def get(ecr: ECRClient, name: str) -> str | None:
    """A setting's value; None if ECR names none."""
    try:
        value: str | None = ecr.get_account_setting(name=name).get("value")
    except (BotoCoreError, ClientError) as error:
        raise SettingError(f"Account setting {name} can't be read: {error}") from error
    return value


def _put(ecr: ECRClient, name: str, value: str) -> None:
    try:
        ecr.put_account_setting(name=name, value=value)
    except (BotoCoreError, ClientError) as error:
        raise SettingError(f"Account setting {name} can't be set to {value}: {error}") from error
