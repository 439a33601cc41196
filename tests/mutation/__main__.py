"""`python -m tests.mutation [TARGET ...]`: changes the code in small ways and fails where no test notices.

For each module of a target (`targets.toml`), at most 5 % of its mutants may live, and each that does is
listed in `survivors.toml` with the reason why it changes nothing that a test could see.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.mutation.judging import known_survivors, problems
from tests.mutation.running import MutationError, run, targets

PROJECT = Path(__file__).parents[2]


def main(names: Sequence[str]) -> int:
    """Run the targets of these names, or all; 1 if a mutant lives that should not."""
    failed = False
    try:
        every = targets(PROJECT)
        if unknown := sorted(set(names) - set(every)):
            raise MutationError(f"No target {', '.join(unknown)}. Allowed: {', '.join(every)}")
        known = known_survivors(PROJECT / "tests" / "mutation" / "survivors.toml", every)
        for name in names or every:
            print(f"{name}: changing {', '.join(every[name].sources)}", flush=True)
            outcome = run(every[name], PROJECT)
            for module, number in sorted(outcome.mutants.items()):
                alive = len(outcome.alive.get(module, ()))
                print(f"  {module}: {number} mutants, {alive} alive ({alive / number:.1%})")
            for problem in problems(outcome, known[name]):
                failed = True
                print(f"  {problem}", file=sys.stderr)
    except MutationError as error:
        print(error, file=sys.stderr)
        return 1
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
