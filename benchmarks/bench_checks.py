"""What RegistryChecks costs at a synth, beside cdk-nag's AwsSolutionsChecks on the same app.

Times are those of whole processes, from the import to the end of the synth, and what they use of the
processor; the app is that of plain_app.py. Either plugin adds little to what the synth itself takes. It fails
if the app with RegistryChecks uses a tenth more of the processor than with cdk-nag. Run it with
`make bench`; a number names another size.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from statistics import median

from measure import Run, compare, ratio, show
from workload import workload

REPOSITORIES, RUNS = 4_000, 3
MOST = 1.1
APP = Path(__file__).with_name("checks_app.py")


def main(repositories: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "workload.json"
        file.write_text(json.dumps(workload(repositories)), "utf-8")
        measured = compare(
            {plugin: [sys.executable, APP, plugin, file] for plugin in ("none", "RegistryChecks", "cdk-nag")},
            runs=RUNS,
        )
    show(f"{repositories:,} repositories, judged by", measured)
    bare, ours, theirs = (median(map(processor, runs)) for runs in measured.values())
    judged_in = ratio(measured["RegistryChecks"], measured["cdk-nag"], processor)
    print(f"RegistryChecks adds {ours - bare:.1f} s of the processor, cdk-nag {theirs - bare:.1f} s.")
    print(f"With RegistryChecks the app uses {judged_in:.2f} times what it uses with cdk-nag.")
    if judged_in > MOST:
        print(f"Too slow: {judged_in:.2f} times cdk-nag, at most {MOST:.2f}.", file=sys.stderr)
        return 1
    return 0


def processor(run: Run) -> float:
    return run.processor_seconds


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:] or [str(REPOSITORIES)])))
