"""What a variable of a program may be called, and what it may say in plain text. Plain Python."""

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
    r"|\{\{resolve:(secretsmanager|ssm-secure):"  # CloudFormation writes the value where it stands
)
_PLAIN: Final = re.compile(r"|0|1|true|false|yes|no|arn:.*|(/[\w.-]+)+", re.IGNORECASE)
"""Values that tell nothing, whatever the variable's name: switches, ARNs and paths of files."""


def check_variable_name(name: str) -> None:
    """Refuse what is no name of an environment variable.

    Raises:
        InvalidInputError: If it isn't.
    """
    if isinstance(name, str) and _NAME.fullmatch(name):
        return
    raise InvalidInputError(
        "Not the name of an environment variable",
        got=name,
        allowed="letters, digits, '_', '.' and '-', the first a letter or '_'",
        fix="write it such as 'LOG_LEVEL'",
    )


def check_variable(name: str, value: str, *, fix: str, resolved: str = "") -> None:
    """Refuse a value that is no text, and one that is a secret by its name or by its look.

    Whoever may read the template, or what is made of it, sees the value.

    Args:
        name: The variable.
        value: Its value. A token is looked at only as far as `resolved` shows it.
        fix: Where a secret belongs.
        resolved: What the tokens in the value stand for.

    Raises:
        InvalidInputError: If it is one or the other.
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
            f"{name} looks like a secret, and would stand in plain text in what is deployed",
            got=f"{name}=<not repeated here>",
            allowed="values that anybody may read",
            fix=fix,
        )
