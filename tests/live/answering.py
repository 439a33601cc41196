"""An `Aws` that gets its answers from a test, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from registry_constructs.live import Aws

Answer = dict[str, Any]
Given = Answer | Callable[[Answer], Answer]


def refused(code: str, message: str = "no") -> Answer:
    return {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {}}


class Answering(Aws):
    """Answers as botocore parses them; clients are made once for many tests.

    Attributes:
        answers: By operation, or by `service:operation`, what is answered or a function of the request.
        asked: The Region, the operation and the request of each call, in turn.
    """

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.answers: dict[str, Given] = {}
        self.asked: list[tuple[str, str, Answer]] = []

    def reset(self, **answers: Given) -> None:
        """Begin anew with these answers."""
        self.answers, self.asked = dict(answers), []
        self.__dict__.pop("known_regions", None)
        self.stopped.clear()

    def client(self, service: str, region: str) -> Any:
        new = (service, region) not in self._clients
        made = super().client(service, region)
        if new:
            made.meta.events.register("provide-client-params", self._remember)
            made.meta.events.register("before-call", self._answer)
        return made

    def requests_of(self, operation: str) -> list[Answer]:
        return [request for _, asked, request in self.asked if asked == operation]

    def _remember(self, params: Answer, context: Answer, **_: object) -> None:
        context["asked"] = params

    def _answer(self, model: Any, context: Answer, **_: object) -> tuple[SimpleNamespace, Answer]:
        request = context["asked"]
        region = context["client_region"]
        self.asked.append((region, model.name, request))
        qualified = f"{model.service_model.service_name}:{model.name}"
        given = self.answers.get(qualified, self.answers.get(model.name, refused("AccessDeniedException")))
        answer = given(request | {"region": region}) if callable(given) else given
        return SimpleNamespace(status_code=400 if "Error" in answer else 200), answer
