"""Checks of Kubernetes names, numbers, images, paths and environment variables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from registry_constructs.consumers.variable_names import check_variable, check_variable_name
from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token

LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""A name as DNS labels are (RFC 1123): namespaces and most objects."""

SERVICE_NAME: Final = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
"""A name as a Service takes it (RFC 1035): the same, beginning with a letter."""

_OBJECT: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_KEY: Final = re.compile(r"[A-Za-z0-9._-]{1,253}")
_DIRECTORY: Final = re.compile(r"(/[A-Za-z0-9._-]+)+")
_HTTP_PATH: Final = re.compile(r"/[!-~]*")
_PART: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_IMAGE_NAME: Final = re.compile(rf"(?:[A-Za-z0-9.-]+(?::[0-9]+)?/)?{_PART}(?:/{_PART})*")


def check_name(what: str, name: str, pattern: re.Pattern[str] = LABEL) -> None:
    """Check that Kubernetes accepts a name.

    Raises:
        InvalidInputError: With the argument's name, `what`.
    """
    if is_token(name) or (isinstance(name, str) and pattern.fullmatch(name)):
        return
    first = "a letter" if pattern is SERVICE_NAME else "a letter or digit"
    raise InvalidInputError(
        f"{what} is not a name that Kubernetes takes",
        got=name,
        allowed=f"1 to 63 lower-case letters, digits and '-', the first {first}, the last no '-'",
        fix=f"write {what}='checkout'",
    )


def check_number(what: str, number: int, least: int, most: int) -> None:
    """Check that a value is a whole number within bounds.

    Raises:
        InvalidInputError: With the argument's name, `what`.
    """
    whole = isinstance(number, int) and not isinstance(number, bool)
    if is_token(number) or (whole and least <= number <= most):
        return
    raise InvalidInputError(
        f"{what} is out of bounds",
        got=number,
        allowed=f"a whole number from {least:,} to {most:,}",
        fix=f"write {what}={min(max(least, 2), most)}",
    )


def check_image(image: str) -> None:
    """Check that a text is an image with a tag or digest; without both it would be `latest`.

    Raises:
        InvalidInputError: If it is one of these.
    """
    if is_token(image):
        return
    name, at, digest = image.partition("@") if isinstance(image, str) else ("", "", "")
    if at and not limits.IMAGE_DIGEST.fullmatch(digest):
        raise InvalidInputError(
            "Not an image digest",
            got=digest,
            allowed=f"text that matches {limits.IMAGE_DIGEST.pattern}",
            fix="copy it from 'aws ecr describe-images'",
        )
    path, colon, tag = name.rpartition(":")
    tagged = bool(colon) and "/" not in tag
    path = path if tagged else name
    if (
        not _IMAGE_NAME.fullmatch(path)
        or not (at or tagged)
        or (tagged and not limits.IMAGE_TAG.fullmatch(tag))
    ):
        raise InvalidInputError(
            "Not an image with a digest or a tag",
            got=image,
            allowed="<registry>/<repository>@sha256:..., or with :<tag>",
            fix="name the image by its digest, which no push can change",
        )


def check_path(what: str, path: str) -> None:
    """Check that a text is the path of an HTTP request.

    Raises:
        InvalidInputError: With the argument's name, `what`.
    """
    if is_token(path) or (isinstance(path, str) and _HTTP_PATH.fullmatch(path)):
        return
    raise InvalidInputError(
        f"{what} is not a path of an HTTP request",
        got=path,
        allowed="'/' and then visible ASCII characters",
        fix=f"write {what}='/healthz'",
    )


def check_directory(path: str) -> None:
    """Check that a path can be mounted as a writable directory.

    Raises:
        InvalidInputError: If it isn't absolute, is the root, or steps upwards.
    """
    if isinstance(path, str) and _DIRECTORY.fullmatch(path) and not {".", ".."} & set(path.split("/")):
        return
    raise InvalidInputError(
        "Not a directory that can be made writable",
        got=path,
        allowed="an absolute path below / without '.' and '..'",
        fix="write writable_paths={'/tmp': '128Mi'}",
    )


def check_arguments(what: str, arguments: Sequence[str] | None) -> None:
    """Check that a command is a list of arguments and not one text.

    Raises:
        InvalidInputError: With the argument's name, `what`.
    """
    if arguments is None or (
        not isinstance(arguments, str)
        and len(arguments) > 0
        and all(isinstance(argument, str) for argument in arguments)
    ):
        return
    raise InvalidInputError(
        f"{what} is not a list of arguments",
        got=arguments,
        allowed="a list of texts, at least one",
        fix=f"write {what}=['serve', '--port=8080'], or leave it out for the image's own",
    )


def check_environment(environment: Mapping[str, str]) -> None:
    """Check that Kubernetes accepts the variables and that none looks like a secret.

    Raises:
        InvalidInputError: If a name is none, a value is no text, or is a secret by its name or its look.
    """
    for name, value in environment.items():
        check_variable_name(name)
        check_variable(
            name,
            value,
            fix=f"give it with secret_environment={{{name!r}: SecretKey(secret='...', key='...')}}, "
            "or let the pod role read it from Secrets Manager",
        )


def check_secret_key(secret: str, key: str) -> None:
    """Check the name of a Secret and a key in it.

    Raises:
        InvalidInputError: If one of them can't.
    """
    for given, pattern, what in ((secret, _OBJECT, "the name of a Secret"), (key, _KEY, "a key in a Secret")):
        if not (is_token(given) or (isinstance(given, str) and pattern.fullmatch(given))):
            raise InvalidInputError(
                f"Not {what}",
                got=given,
                allowed=f"text that matches {pattern.pattern}",
                fix="write SecretKey(secret='database', key='password')",
            )
