"""A whole lifecycle policy: numbered rules that ECR accepts together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from registry_constructs.ecr.lifecycle import advice, checks, document, priorities

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from registry_constructs.ecr.lifecycle.rule import LifecycleRule


class LifecyclePolicy:
    """The rules by which ECR deletes and archives a repository's images. Immutable.

    ECR applies the rule with the lowest priority first. An image that has the tags a rule asks for is out of
    reach for every later rule of the same storage class, even if the first rule leaves it alone
    (UG lifecyclepolicies, evaluation rules).

    Stated priorities stay as they are. Rules without one are numbered in the order written, as in the CDK:
    above every stated priority, those for `any` image after all others. A rule for `any` image that states
    its priority does not raise theirs, and is refused if one of its storage class lands behind it.

    Args:
        rules: 1 to 50 rules, where one with `any_of` counts once for each pattern. For a repository that
            keeps everything, leave the policy out.

    Raises:
        InvalidInputError: ECR would refuse these rules together; the message says which and why.
    """

    __slots__ = ("_numbered", "_text", "_written")

    def __init__(self, rules: Iterable[LifecycleRule]) -> None:
        # As written, so that with_rules knows which priorities were stated.
        self._written = checks.written_rules(rules)
        self._numbered = priorities.number(rule for given in self._written for rule in given.expand())
        checks.check_together(self._numbered)
        self._text = document.to_text(self.to_dict())
        checks.check_length(self._text)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a policy that ECR would accept, in whatever order its rules and keys are.

        Raises:
            InvalidInputError: The text is not JSON or ECR would refuse it; `where` says the line and column
                or the path, such as `rules[2].selection.countNumber`.
        """
        return cls(document.read(document.from_text(text)))

    @classmethod
    def from_dict(cls, policy: Mapping[str, Any]) -> Self:
        """Read a policy from the dictionary of its JSON.

        Raises:
            InvalidInputError: As for `from_json`.
        """
        return cls(document.read(policy))

    @property
    def rules(self) -> tuple[LifecycleRule, ...]:
        """The rules as ECR gets them: with priorities, in ascending order, `any_of` written out."""
        return tuple(rule for _, rule in self._numbered)

    def with_rules(self, *rules: LifecycleRule) -> Self:
        """A new policy that has these rules too, numbered as if they had been written after the others."""
        return type(self)((*self._written, *rules))

    def warnings(self) -> tuple[advice.LifecycleWarning, ...]:
        """What ECR accepts and hardly anybody wants, by priority; empty for a policy without such a flaw."""
        return advice.find(self._numbered)

    def to_dict(self) -> dict[str, Any]:
        """The policy as the dictionary of its JSON; changing it changes nothing here."""
        return document.write(self.rules)

    def to_json(self) -> str:
        """The policy text for ECR: compact, with the CDK's order of keys."""
        return self._text

    def __eq__(self, other: object) -> bool:
        return self.rules == other.rules if isinstance(other, LifecyclePolicy) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.rules)

    def __repr__(self) -> str:
        rules = "; ".join(f"{priority}: {rule}" for priority, rule in self._numbered)
        return f"<LifecyclePolicy {rules}>"
