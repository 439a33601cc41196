"""What Node has said of a construct, kept: each question to it takes about half as long as a repository."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


def asked_once(question: Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
    """A function of one construct, for an answer that can't change; it is forgotten with the construct."""
    answers: WeakKeyDictionary[Asked, Answer] = WeakKeyDictionary()

    @wraps(question)
    def answer(construct: Asked) -> Answer:
        if construct not in answers:
            answers[construct] = question(construct)
        return answers[construct]

    return answer
