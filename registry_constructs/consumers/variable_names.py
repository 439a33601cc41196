"""Checks of an environment variable's name and of its value in plain text. Plain Python."""

from __future__ import annotations

import re
from typing import Final

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_SECRET_NAME: Final = re.compile(
    r"(PASS(WORD|WD|PHRASE)|SECRET|TOKEN|CREDENTIALS?|(API|ACCESS|PRIVATE|SECRET|SIGNING|ENCRYPTION)_?KEY"
    r"|(^|_)(PWD|PASS))_?[0-9]*$",
    re.IGNORECASE,
)
_SECRET_VALUE: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"  # PEM
    r"|\b(AKIA|ASIA)[A-Z0-9]{16}\b"  # AWS access key id
    r"|\bgh[opsu]_[A-Za-z0-9]{36}"  # GitHub
    r"|://[^/\s:@]+:[^/\s:@]+@"  # a URL with user name and password
    r"|\{\{resolve:(secretsmanager|ssm-secure):"  # CloudFormation replaces it with the value
)
_PLAIN: Final = re.compile(r"|0|1|true|false|yes|no|arn:.*|(/[\w.-]+)+", re.IGNORECASE)
"""Values that are never secret, whatever the variable's name: switches, ARNs and file paths."""


def check_variable_name(name: str) -> None:
    """Check that a text is a valid name of an environment variable.

    Raises:
        InvalidInputError: If it is not.
    """
    if isinstance(name, str) and _NAME.fullmatch(name):
        return
    raise InvalidInputError(
        "Not the name of an environment variable",
        got=name,
        allowed="letters, digits, '_', '.' and '-', the first a letter or '_'",
        fix="write a name such as 'LOG_LEVEL'",
    )


def check_variable(name: str, value: str, *, fix: str, resolved: str = "") -> None:
    """Check that a variable's value is text and not a secret, by its name and its format.

    Everyone who can read the template or the deployed resource can read the value.

    Args:
        name: The variable.
        value: Its value. Of a token, only `resolved` is checked.
        fix: The advice of the error for a secret.
        resolved: The value with its tokens resolved.

    Raises:
        InvalidInputError: If the value is not text, or is a secret.
    """
    if not isinstance(value, str):
        raise InvalidInputError(
            f"The value of {name} is not text",
            got=value,
            allowed="text",
            fix=f"write {name!r}: {str(value)!r}",
        )
    by_name = not is_token(value) and _SECRET_NAME.search(name) and not _PLAIN.fullmatch(value)
    if by_name or _SECRET_VALUE.search(resolved or value):
        raise InvalidInputError(
            f"{name} looks like a secret, and would be deployed in plain text",
            got=f"{name}=<not repeated here>",
            allowed="values that anyone may read",
            fix=fix,
        )
