"""Names: the table of what ECR takes and what it refuses, and tokens in between."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_constructs import InvalidInputError
from registry_constructs.ecr import limits, names
from registry_constructs.ecr.tokens import is_token

PRIVATE, PUBLIC = names.check_repository_name, names.check_public_repository_name


@pytest.mark.parametrize("name", ["ab", "a.b_c-d/e", "0" * 205])
@pytest.mark.parametrize("check", [PRIVATE, PUBLIC])
def test_plain_names_are_taken_everywhere(check: Callable[[str], None], name: str) -> None:
    check(name)


@pytest.mark.parametrize("name", ["a--b", "a__b", "a-----b", "a" * 256])
def test_private_names_may_have_what_public_ones_may_not(name: str) -> None:
    PRIVATE(name)
    with pytest.raises(InvalidInputError):
        PUBLIC(name)


@given(st.text(max_size=300))
def test_a_name_is_refused_exactly_if_ecrs_pattern_refuses_it(name: str) -> None:
    shortest, longest = limits.REPOSITORY_NAME_LENGTH
    fits = shortest <= len(name) <= longest and limits.REPOSITORY_NAME.fullmatch(name)
    if fits:
        PRIVATE(name)
    else:
        with pytest.raises(InvalidInputError):
            PRIVATE(name)


@pytest.mark.parametrize("value", [None, 5, b"ab"])
def test_what_is_no_text_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInputError, match="A repository name is text"):
        PRIVATE(value)


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (names.check_account_id, "012345678901", "12345678901"),
        (names.check_organization_id, "o-a1b2c3d4e5", "o-A1B2C3D4E5"),
        (names.check_organizational_unit_id, "ou-ab12-11111111", "ou-ab12"),
    ],
)
def test_ids(check: Callable[[str], None], good: str, bad: str) -> None:
    check(good)
    check(cdk.Aws.ACCOUNT_ID)
    with pytest.raises(InvalidInputError) as refusal:
        check(bad)
    assert refusal.value.got == bad


def test_tokens_are_told_from_values() -> None:
    stack = cdk.Stack()
    text, number, texts = (cdk.CfnParameter(stack, name) for name in ("Text", "Number", "Texts"))
    number.type, texts.type = "Number", "CommaDelimitedList"
    assert is_token(text.value_as_string)
    assert is_token(f"prefix-{text.value_as_string}")
    assert is_token(number.value_as_number)
    assert is_token(texts.value_as_list)
    for value in ("text", "", "${AWS::Region}", 5, -5, 2.5, True, None, ["a"], []):
        assert not is_token(value)


def test_an_error_survives_copying_and_pickling() -> None:
    error = InvalidInputError("Too many", got=[1, 2], allowed="one", fix="leave one out", where="rules[2]")
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301 - our own bytes
        assert isinstance(twin, InvalidInputError)
        assert (str(twin), twin.got, twin.where) == (str(error), [1, 2], "rules[2]")


def test_an_error_says_where_what_and_how() -> None:
    error = InvalidInputError("Too many", got=[1, 2], allowed="one", fix="leave one out")
    assert str(error) == "Too many.\n  Got: [1, 2]\n  Allowed: one\n  Fix: leave one out"
    assert str(error.at("rules[2]")).startswith("rules[2]: Too many.")
    assert str(error.at("rules[2]").within("Stack/App")).startswith("Stack/App: rules[2]: Too many.")
