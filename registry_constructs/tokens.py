"""CDK tokens as plain Python sees them: values that are known only when CloudFormation deploys.

The CDK encodes them as text with a marker, as a list of one such text, or as an enormous negative number
(`aws_cdk.Token`). They are passed through and never checked.
"""

from __future__ import annotations

from typing import Final

ENCODED_TEXT: Final = r"\$\{Token\[[^\]]*\]\}"
"""A regular expression for one token as it stands in text."""


def is_token(value: object) -> bool:
    """Whether the CDK will replace the value when it synthesizes; it needs no CDK to tell."""
    if isinstance(value, str):
        return "${Token[" in value
    if isinstance(value, list | tuple):
        return any(isinstance(item, str) and "#{Token[" in item for item in value)
    return isinstance(value, int | float) and not isinstance(value, bool) and value < -1e280
