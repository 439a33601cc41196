"""What cdk-nag and Checkov find in promotions and may stand, with the reason."""

from __future__ import annotations

CHECKOV: dict[tuple[str, str], str] = {}
"""Check and template."""

CDK_NAG: dict[tuple[str, str], str] = {}
"""Rule and construct."""

CDK_NAG_ACKNOWLEDGED: dict[tuple[str, str], str] = {}
"""Rule and construct, as the library acknowledges them itself."""
