"""The differences between two templates: complete, and each once."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.differences import differences

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from("ab"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
TEMPLATES = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


@given(base=TEMPLATES, other=TEMPLATES)
def test_the_other_template_can_be_made_from_the_base_and_the_differences(base: Any, other: Any) -> None:
    shown = differences(base, other)
    # As JSON, since Python takes True for 1.
    assert json.dumps(applied(base, shown), sort_keys=True) == json.dumps(other, sort_keys=True)


def test_only_what_differs_is_shown() -> None:
    base = {"Resources": {"App": {"Type": "A", "Tags": ["a", "b"]}, "Key": {"Type": "K"}}}
    other = {"Resources": {"App": {"Type": "A", "Tags": ["a", "c"]}, "Role": {"Type": "R"}}}
    assert differences(base, other) == {
        "added": {"Resources / Role": {"Type": "R"}},
        "changed": {"Resources / App / Tags / 1": {"from": "b", "to": "c"}},
        "removed": {"Resources / Key": {"Type": "K"}},
    }


def applied(base: Any, shown: dict[str, dict[str, Any]], path: str = "") -> Any:
    """The base, changed as the differences say."""
    if path in shown.get("changed", {}):
        return shown["changed"][path]["to"]
    if isinstance(base, list):
        return [applied(value, shown, f"{path} / {number}") for number, value in enumerate(base)]
    if not isinstance(base, dict):
        return base
    paths = {key: f"{path} / {key}".removeprefix(" / ") for key in [*base, *"abc"]}
    kept = {key: value for key, value in base.items() if paths[key] not in shown.get("removed", {})}
    added = {key: shown["added"][one] for key, one in paths.items() if one in shown.get("added", {})}
    return {key: applied(value, shown, paths[key]) for key, value in kept.items()} | added
