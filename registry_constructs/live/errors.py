"""What AWS answers when it can't be read, as one message that says what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final

from registry_constructs.ecr.errors import RegistryConstructsError
from registry_constructs.live.answers import AnswerError

_CREDENTIALS: Final = (
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
)
_WITHOUT_CREDENTIALS: Final = (
    "CredentialRetrievalError",
    "NoCredentialsError",
    "PartialCredentialsError",
    "ProfileNotFound",
    "SSOTokenLoadError",
    "TokenRetrievalError",
    "UnauthorizedSSOTokenError",
)


class AwsError(RegistryConstructsError, RuntimeError):
    """AWS could not be read, or refused.

    The message names the location, what is wrong, AWS's answer and how to fix it.

    Attributes:
        problem: What is wrong, as a sentence without a full stop.
        got: AWS's answer.
        fix: What to do about it.
        where: What was read, such as `shop/checkout in eu-west-1`.
        code: AWS's error code; empty if there was no answer.
        hopeless: Whether every other request would fail as well, as with credentials that have expired.
    """

    def __init__(
        self, problem: str, *, got: str, fix: str, where: str, code: str = "", hopeless: bool = False
    ) -> None:
        self.problem = problem
        self.got = got
        self.fix = fix
        self.where = where
        self.code = code
        self.hopeless = hopeless
        super().__init__(f"{where}: {problem}.\n  Got: {got}\n  Fix: {fix}")

    @property
    def rejected(self) -> bool:
        """Whether AWS does not take the credentials."""
        return self.hopeless and bool(self.code)


class Stopped(Exception):  # noqa: N818 - no error: somebody asked for it
    """Reading was stopped from outside."""


@contextlib.contextmanager
def reading(where: str) -> Iterator[None]:
    """Turn what boto3 raises inside the block into an `AwsError`.

    The block holds the call and nothing else: any other exception in it comes from an answer that botocore
    can't read, and is reported as that.

    Args:
        where: What is read, for the message.

    Raises:
        AwsError: boto3 failed, or AWS's answer is not what it should be.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - slow, and part of an extra

    try:
        yield
    except (AwsError, Stopped):
        raise
    except ClientError as error:
        raise _refused(error, where) from error
    except BotoCoreError as error:
        raise _failed(error, where) from error
    except AnswerError as error:
        raise unreadable(where, str(error)) from error
    except Exception as error:
        raise unreadable(where, f"{type(error).__name__}: {error}") from error


def unreadable(where: str, got: str) -> AwsError:
    """The error for an answer that AWS does not send.

    Args:
        where: What was read, for the message.
        got: What is wrong with the answer, such as `an answer without tags`.
    """
    return AwsError(
        "AWS's answer can't be read",
        got=got,
        fix="run it again; if it lasts, look for a proxy or an AWS_ENDPOINT_URL that answers in AWS's place",
        where=where,
    )


def code_of(error: Any) -> str:  # noqa: ANN401 - a ClientError, whose class is part of an extra
    """The error code of what boto3 raised."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _refused(error: Any, where: str) -> AwsError:  # noqa: ANN401
    code, operation = code_of(error), error.operation_name
    hopeless = False
    if code.startswith("AccessDenied") or code == "UnauthorizedOperation":
        problem = f"AWS does not allow {operation}"
        pages = "docs/inventory.md and docs/catalog-migration.md"
        fix = f"allow {operation} to whoever runs this; the policies needed are in {pages}"
    elif code in _CREDENTIALS:
        problem, hopeless = "The credentials are not valid, or no longer", True
        fix = "sign in again, and check the machine's clock"
    elif "Throttl" in code or code in ("TooManyRequestsException", "RequestLimitExceeded"):
        problem = f"AWS throttled {operation} until no more attempts were left"
        fix = "run it again later, with a lower --concurrency"
    elif code == "RepositoryNotFoundException":
        problem, fix = "There is no such repository", "check its name, the account and the Region"
    else:
        problem, fix = f"{operation} failed", "read AWS's answer; if it is AWS's own error, run it again"
    return AwsError(problem, got=str(error), fix=fix, where=where, code=code, hopeless=hopeless)


def _failed(error: Exception, where: str) -> AwsError:
    kind = type(error).__name__
    if kind in _WITHOUT_CREDENTIALS:
        problem, fix = "There are no credentials to ask AWS with", "sign in, or name a profile with --profile"
    elif kind == "InvalidRegionError":
        problem, fix = "This is not a Region", "check --region"
    elif kind in ("EndpointConnectionError", "ConnectTimeoutError"):
        problem, fix = "AWS can't be reached", "check the Region's name, the network and AWS_ENDPOINT_URL"
    elif kind == "ParamValidationError":
        problem, fix = "boto3 refuses the request", "check the names, and update boto3 if it is old"
    else:
        problem, fix = "The connection to AWS failed", "check the network, and run it again"
        return AwsError(problem, got=f"{kind}: {error}", fix=fix, where=where)
    return AwsError(problem, got=f"{kind}: {error}", fix=fix, where=where, hopeless=True)
