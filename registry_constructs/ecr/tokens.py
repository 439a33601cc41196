"""CDK tokens as plain Python sees them: values that are known only when CloudFormation deploys.

The CDK encodes them as text with a marker, as a list of one such text, or as an enormous negative number
(`aws_cdk.Token`). They are passed through and never checked.
"""

from __future__ import annotations

from typing import Final

ENCODED_TEXT: Final = r"\$\{Token\[[^\]]*\]\}"
"""A regular expression for one token in text."""


def is_token(value: object) -> bool:
    """Whether the CDK will replace the value when it synthesizes; it needs no CDK to tell."""
    if isinstance(value, str):
        return "${Token[" in value
    if isinstance(value, list | tuple):
        return any(isinstance(item, str) and "#{Token[" in item for item in value)
    return isinstance(value, int | float) and not isinstance(value, bool) and value < -1e280


def known_to_differ(one: object, other: object) -> bool:
    """Whether two values, such as the accounts of two stacks, are known and differ; None is not known."""
    return one != other and not any(value is None or is_token(value) for value in (one, other))
