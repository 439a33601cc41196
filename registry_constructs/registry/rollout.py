"""How fast a StackSet goes through an organization's accounts."""

from __future__ import annotations

from dataclasses import dataclass

from registry_constructs.ecr.errors import InvalidInputError


@dataclass(frozen=True)
class Rollout:
    """How many accounts a StackSet changes at once, and in how many it may fail: `accounts()`, `percent()`.

    Both are for one Region. The Regions come one after the other, in the order in which the StackSet has
    them, and where more accounts fail than may, it stops there and leaves the other Regions out. What it
    did before stays; CloudFormation rolls back the accounts that failed, each by itself.
    """

    failures: int
    at_once: int
    counts: str
    regions_in_parallel: bool

    def __post_init__(self) -> None:
        if self.counts not in ("accounts", "percent"):
            raise InvalidInputError(
                "Not what a rollout counts",
                got=self.counts,
                allowed="accounts or percent",
                fix="use Rollout.accounts() or Rollout.percent()",
            )
        whole = self.counts == "accounts"
        _check("failures", self.failures, 0 if whole else 1, None if whole else 100, self.counts)
        _check("at_once", self.at_once, 1, self.failures + 1 if whole else self.failures, self.counts)
        if not isinstance(self.regions_in_parallel, bool):
            raise InvalidInputError(
                "regions_in_parallel is neither on nor off",
                got=self.regions_in_parallel,
                allowed="True or False",
                fix="write regions_in_parallel=True",
            )

    @classmethod
    def accounts(
        cls, *, failures: int = 0, at_once: int | None = None, regions_in_parallel: bool = False
    ) -> Rollout:
        """Count accounts.

        Args:
            failures: In how many accounts of a Region it may fail. Default: none.
            at_once: Up to one more than may fail, since CloudFormation counts those under way as if they
                failed. Default: as many as that. One account takes some minutes.
            regions_in_parallel: All Regions at the same time. Default: one after the other.

        Raises:
            InvalidInputError: For numbers outside these bounds.
        """
        most = failures + 1 if isinstance(failures, int) else failures
        return cls(failures, most if at_once is None else at_once, "accounts", regions_in_parallel)

    @classmethod
    def percent(
        cls, *, failures: int, at_once: int | None = None, regions_in_parallel: bool = False
    ) -> Rollout:
        """Count percents of the accounts, so that the pace grows with the organization.

        Args:
            failures: In what part of a Region's accounts it may fail, 1 to 100.
            at_once: Up to what may fail. Default: as many as that, at least one account.
            regions_in_parallel: All Regions at the same time. Default: one after the other.

        Raises:
            InvalidInputError: For numbers outside these bounds.
        """
        return cls(failures, failures if at_once is None else at_once, "percent", regions_in_parallel)


def _check(keyword: str, got: object, least: int, most: int | None, counts: str) -> None:
    whole = isinstance(got, int) and not isinstance(got, bool)
    if whole and got >= least and (most is None or got <= most):  # type: ignore[operator]
        return
    upper = f" to {most}" if most is not None else " or more"
    raise InvalidInputError(
        f"{keyword} is not a number that a StackSet takes",
        got=got,
        allowed=f"{least}{upper} {counts}",
        fix=f"write failures={least}" if keyword == "failures" else "let more fail, or fewer go at once",
    )
