"""The way to a live AWS: one session, its account and Regions, and clients that retry."""

from __future__ import annotations

import functools
import importlib.util
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.installation import missing_extra
from registry_constructs.live import answers
from registry_constructs.live.errors import Stopped, reading, unreadable

Item = TypeVar("Item")
Result = TypeVar("Result")

CONCURRENCY: Final = 8
"""Requests at a time, by default."""

_ATTEMPTS: Final = 8
# Whoever has the wrong credentials or no network should know soon.
_ATTEMPTS_AT_FIRST: Final = 3


def check_extra() -> None:
    """Refuse early, with the command that fixes it, when boto3 is missing.

    Raises:
        MissingExtraError: boto3 is not installed.
    """
    if importlib.util.find_spec("boto3") is None:
        raise missing_extra("boto3")


class Aws:
    """Where live registries are read; it never changes anything.

    Credentials, profile and Region are found as the AWS CLI finds them; `AWS_ENDPOINT_URL` and
    `AWS_MAX_ATTEMPTS` (8 unless set) count as well.

    Args:
        profile: The profile of the AWS configuration. Default: what `AWS_PROFILE` says, or none.
        role: The ARN of a role that is assumed with the profile's credentials, again whenever they are about
            to expire. Default: none.
        concurrency: Requests at a time.

    Attributes:
        requests: How many requests were sent, each attempt counted.

    Raises:
        InvalidInputError: boto3 is not installed.
        AwsError: There is no such profile.
    """

    def __init__(
        self, *, profile: str | None = None, role: str | None = None, concurrency: int = CONCURRENCY
    ) -> None:
        check_extra()
        import boto3.session  # noqa: PLC0415 - slow, and part of an extra
        import botocore.session  # noqa: PLC0415

        self.concurrency = concurrency
        self.stopped = threading.Event()
        self.requests = 0
        self._counting = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}
        with reading(f"profile {profile}" if profile else "the AWS configuration"):
            core = botocore.session.get_session()
            self._session = boto3.session.Session(profile_name=profile, botocore_session=core)
            self._attempts: int | None = core.get_config_variable("max_attempts")
            if role is not None:
                self._assume(core, role)

    def regions(self, named: Sequence[str] = ()) -> tuple[str, ...]:
        """The Regions to read, each once.

        Args:
            named: What the user asked for. Default: the one of the configuration.

        Raises:
            InvalidInputError: None is named and the configuration has none, or there is no such Region.
        """
        # The AWS CLI heeds AWS_REGION, boto3 does not.
        configured = os.environ.get("AWS_REGION") or self._session.region_name
        found = tuple(dict.fromkeys(named)) or tuple(filter(None, [configured]))
        if not found:
            raise InvalidInputError(
                "No Region is set",
                got=None,
                allowed="a Region",
                fix="name one with --region, or set AWS_REGION",
                where="--region",
            )
        if unknown := sorted(set(found) - self.known_regions):
            raise InvalidInputError(
                "There is no such Region",
                got=unknown[0],
                allowed="a Region that boto3 knows, such as eu-west-1",
                fix="check its name; if it is new, update boto3",
                where="--region",
            )
        return found

    @functools.cached_property
    def known_regions(self) -> frozenset[str]:
        """The Regions with ECR that the installed botocore knows, of every partition."""
        return frozenset(
            region
            for partition in self._session.get_available_partitions()
            for region in self._session.get_available_regions("ecr", partition)
        )

    def partition(self, region: str) -> str:
        """The partition of a Region that botocore knows, such as `aws` or `aws-cn`."""
        return str(self._session.get_partition_for_region(region))

    def account(self, region: str) -> str:
        """The account whose credentials these are.

        Raises:
            AwsError: There are none, or they are not valid.
        """
        sts = self.client("sts", region)
        with reading("the credentials"):
            answer = sts.get_caller_identity()
        return str(required(answer, "Account", "the credentials"))

    def client(self, service: str, region: str) -> Any:  # noqa: ANN401 - callers name the stub's class
        """A client of a service that retries and slows down as AWS asks; made once. Not for threads to call.

        Raises:
            AwsError: The Region can't be one, or there are no credentials.
        """
        if (service, region) not in self._clients:
            from botocore.config import Config  # noqa: PLC0415 - slow, and part of an extra

            attempts = self._attempts or (_ATTEMPTS_AT_FIRST if service == "sts" else _ATTEMPTS)
            config = Config(
                retries={"mode": "adaptive", "total_max_attempts": attempts},
                max_pool_connections=self.concurrency + 2,
                connect_timeout=10,
                read_timeout=60,
                user_agent_extra="registry-constructs",
            )
            with reading(f"{service} in {region}"):
                client = self._session.client(service, region_name=region, config=config)  # type: ignore[call-overload]
            client.meta.events.register("before-send", self._before_attempt)
            answers.guard(client)
            self._clients[service, region] = client
        return self._clients[service, region]

    def each(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """The results of some work on each item, several at a time, in the order of the items."""
        with ThreadPoolExecutor(self.concurrency, "reading") as pool:
            try:
                yield from pool.map(work, items)
            except BaseException:
                self.stopped.set()
                raise

    @staticmethod
    def _assume(core: Any, role: str) -> None:  # noqa: ANN401 - botocore's session
        from botocore.credentials import (  # noqa: PLC0415 - slow, and part of an extra
            AssumeRoleCredentialFetcher,
            DeferredRefreshableCredentials,
        )

        fetcher = AssumeRoleCredentialFetcher(
            client_creator=functools.partial(
                core.create_client,
                # Without one botocore takes that of the configuration.
                region_name=os.environ.get("AWS_REGION") or None,
            ),
            source_credentials=core.get_credentials(),
            role_arn=role,
            extra_args={"RoleSessionName": "registry-constructs"},
        )
        core._credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")

    def _before_attempt(self, **_: object) -> None:
        # Before each attempt, so that nobody waits for the last of many retries.
        if self.stopped.is_set():
            raise Stopped
        with self._counting:
            self.requests += 1


def pages(
    client: Any,  # noqa: ANN401 - a client of any service
    operation: str,
    key: str,
    *,
    where: str,
    identity: tuple[str, ...] = (),
    **request: Any,  # noqa: ANN401
) -> list[Any]:
    """All items of a list that AWS gives in pages, each once.

    Args:
        client: The client.
        operation: Its method's name, such as `describe_images`.
        key: The key of the list in the answer.
        where: What is read, for the message.
        identity: The fields that tell one item from another. Default: the items are texts.
        request: The method's arguments.

    Raises:
        AwsError: AWS could not be read to the end, its pages never end, or an answer is not what AWS sends.
    """
    with reading(where):
        return answers.pages(client, operation, key, identity=identity, **request)


def required(answer: Mapping[str, Any], key: str, where: str) -> Any:  # noqa: ANN401
    """A field that an answer must have.

    Args:
        answer: The answer.
        key: The field.
        where: What is read, for the message.

    Raises:
        AwsError: The answer lacks it.
    """
    found = answer.get(key)
    if found is None or found == "":
        raise unreadable(where, f"an answer without {key}")
    return found
