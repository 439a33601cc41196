"""What makes a finding of today the same one as a finding of yesterday."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from registry_constructs.rules.judge import Finding

# What changes from run to run while the flaw stays: an example of many, a date, a count. A number that is
# part of a name, an ARN or a tag stays, and so does an account: with another one it is another flaw.
_PASSING: Final = re.compile(
    r"""
    (?P<example>,?\ such\ as\ .*)
    | (?P<date>\b[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T\ ][0-9:.]+(?:Z|[+-][0-9:]+)?)?)
    | (?P<count>(?<![\w:/@.-])(?![0-9]{12}\b)[0-9]+(?:[.,][0-9]+)*(?![\w:/@-]))
    """,
    re.VERBOSE | re.DOTALL,
)


def fingerprints(findings: Iterable[Finding]) -> list[str]:
    """One for each finding: 32 hexadecimal digits, no two of them alike.

    Two findings of two runs are the same if they are of the same rule, about a thing of the same kind, name
    and address in the same account and Region, and their messages differ in counts, dates and examples at
    most. What differs in nothing else within one run, such as two statements of a policy that have no Sid, is
    distinguished by its position: when one of the two is fixed, the other is not new.

    A count that grows from one to several may change words beside it; such a finding is new once. A renamed
    repository has new findings, and so has the same app for another account.
    """
    turns: Counter[tuple[str, ...]] = Counter()
    found = []
    for finding in findings:
        place = finding.state.place
        key = (
            finding.rule.id,
            place.account,
            place.region,
            finding.state.kind,
            finding.state.name,
            place.address,
            _PASSING.sub(lambda match: f"<{match.lastgroup}>", finding.message),
        )
        text = json.dumps([*key, turns[key]])
        found.append(sha256(text.encode()).hexdigest()[:32])
        turns[key] += 1
    return found
