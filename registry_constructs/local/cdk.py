"""The real CDK CLI against the local AWS: synthesize, bootstrap, deploy, compare, destroy."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from registry_constructs.local import process
from registry_constructs.local.connection import Connection, LocalEnvironment, path_with_this_python
from registry_constructs.local.errors import CommandError, LocalAwsError

CLI_VERSION: Final = "2.1148.1"
"""The CDK CLI that the tests run with. npm's `latest` refuses the assemblies of aws-cdk-lib 2."""

BOOTSTRAP_STACK: Final = "CDKToolkit"
"""What bootstrapping makes in an account and a Region."""

# Also the stacks in stages, which the CLI's --all leaves out.
_ALL: Final = "**"
_TAIL_LINES = 15


class CloudAssembly:
    """A synthesized CDK app, ready to deploy; `synthesized` makes it.

    What the CDK CLI prints goes to standard error as it comes. Each method that runs it raises CommandError
    when it fails.

    Args:
        aws: The AWS to deploy to.
        folder: The folder with the `manifest.json`.
        cli: The CDK CLI to use.
    """

    def __init__(self, aws: Connection, folder: Path, cli: str) -> None:
        self._aws = aws
        self.folder = folder
        self._cli = cli

    def environments(self) -> list[LocalEnvironment]:
        """Every account and Region that the stacks go to, sorted; the connection's where they name none."""
        return sorted(set(_environments(self.folder, self._aws)))

    def bootstrap(self) -> list[LocalEnvironment]:
        """Bootstrap the accounts and Regions of the stacks that are not bootstrapped yet, and return them."""
        missing = [place for place in self.environments() if not _is_bootstrapped(self._aws, place)]
        for account in sorted({place.account for place in missing}):
            # With the account's own credentials, and trust in the account that deploys.
            self._run(
                "bootstrap",
                *(str(place) for place in missing if place.account == account),
                *("--trust", self._aws.account),
                *("--cloudformation-execution-policies", "arn:aws:iam::aws:policy/AdministratorAccess"),
                account=account,
            )
        return missing

    def deploy(self, *stacks: str, concurrency: int = 1) -> None:
        """Deploy stacks, all by default, without asking for approval, several at a time if they may be."""
        self._run(
            "deploy", *(stacks or [_ALL]), "--require-approval", "never", "--concurrency", str(concurrency)
        )

    def import_(self, stack: str, mapping: Path) -> None:
        """Import existing resources into a stack, as they are.

        Args:
            stack: The stack, by its path in the app.
            mapping: A file that names each new resource of the stack, by its logical id.
        """
        self._run("import", stack, "--resource-mapping", str(mapping), "--force")

    def diff(self, *stacks: str) -> list[str]:
        """Compare stacks, all by default, with what is deployed; the CDK's report, line by line."""
        return self._run("diff", *(stacks or [_ALL]))

    def destroy(self, *stacks: str) -> None:
        """Destroy stacks, all by default. Resources whose policy is to be retained stay."""
        self._run("destroy", *(stacks or [_ALL]), "--force")

    def _run(self, *arguments: str, account: str | None = None) -> list[str]:
        command = [self._cli, *arguments, "--app", str(self.folder)]
        return _run(self._aws, command, folder=self.folder, account=account)


@contextlib.contextmanager
def synthesized(aws: Connection, app: str | Path) -> Iterator[CloudAssembly]:
    """An app's cloud assembly: the app itself when it is one, else synthesized, and gone after the block.

    The app sees the local AWS's account and Region as `CDK_DEFAULT_ACCOUNT` and `CDK_DEFAULT_REGION`. Context
    lookups are off: their invented answers would stay in the app's `cdk.context.json`.

    Args:
        aws: The AWS to synthesize for and to deploy to.
        app: A folder with a `cdk.json` or a `manifest.json` (a `cdk.out`), a Python file, or a command.

    Raises:
        CommandError: The app failed.
        LocalAwsError: The folder holds neither an app nor an assembly, or there is no CDK CLI.
    """
    path = Path(app).absolute()
    if (path / "manifest.json").is_file():
        yield CloudAssembly(aws, path, _find_cli(path))
        return
    if path.is_dir() and not (path / "cdk.json").is_file():
        raise LocalAwsError(
            f"{path} holds neither a cdk.json (an app) nor a manifest.json (a synthesized cdk.out)."
        )
    if path.is_dir():
        folder, options = path, []
    elif path.is_file():
        folder, options = path.parent, ["--app", f"python3 {shlex.quote(path.name)}"]
    else:
        folder, options = Path.cwd(), ["--app", str(app)]
    cli = _find_cli(folder)
    with tempfile.TemporaryDirectory(prefix="cdk.out-") as output:
        command = [cli, "synth", "--quiet", "--no-lookups", "--output", output, *options]
        _run(aws, command, folder=folder)
        yield CloudAssembly(aws, Path(output), cli)


def _environments(folder: Path, aws: Connection) -> Iterator[LocalEnvironment]:
    for artifact in json.loads((folder / "manifest.json").read_text())["artifacts"].values():
        if artifact["type"] == "aws:cloudformation:stack":
            account, region = artifact["environment"].removeprefix("aws://").split("/")
            yield LocalEnvironment(
                aws.account if account == "unknown-account" else account,
                aws.region if region == "unknown-region" else region,
            )
        elif artifact["type"] == "cdk:cloud-assembly":  # a Stage
            yield from _environments(folder / artifact["properties"]["directoryName"], aws)


def _is_bootstrapped(aws: Connection, place: LocalEnvironment) -> bool:
    cloudformation = aws.client("cloudformation", account=place.account, region=place.region)
    try:
        cloudformation.describe_stacks(StackName=BOOTSTRAP_STACK)
    except cloudformation.exceptions.ClientError:  # CloudFormation's answer for a stack that isn't there
        return False
    return True


def _find_cli(folder: Path) -> str:
    """The CLI that the app's project pins, else the one on PATH."""
    for parent in [folder, *folder.parents]:
        if (pinned := parent / "node_modules" / ".bin" / "cdk").is_file():
            return str(pinned)
    if installed := shutil.which("cdk", path=path_with_this_python()):
        return installed
    raise LocalAwsError(
        f"No CDK CLI: there is no node_modules/.bin/cdk in {folder} or above it, and no cdk on PATH. "
        f"Install the version that fits: npm install aws-cdk@{CLI_VERSION}"
    )


def _calm(cli: str) -> dict[str, str]:
    """What has the CLI print the events that fail and no others; older ones refuse to be asked for it."""
    try:
        package = json.loads((Path(cli).resolve().parent.parent / "package.json").read_text())
        version = [int(part) for part in package["version"].split(".")]
    except (OSError, ValueError, KeyError):
        return {}
    known = package.get("name") == "aws-cdk" and version >= [int(part) for part in CLI_VERSION.split(".")]
    return {"CDK_PROGRESS": "errors-only"} if known else {}


def _run(aws: Connection, command: list[str], *, folder: Path, account: str | None = None) -> list[str]:
    """Run the CDK CLI, pass what it prints on to standard error, and return those lines."""
    color = "--color" if sys.stderr.isatty() and "NO_COLOR" not in os.environ else "--no-color"
    child = subprocess.Popen(
        [*command, "--no-notices", color],
        cwd=folder,
        env=_calm(command[0])
        | aws.environment(account=account)
        | {
            "CDK_DISABLE_CLI_TELEMETRY": "1",
            "CDK_DISABLE_VERSION_CHECK": "1",
            "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # so that the app it runs can be ended with it
    )
    lines = []
    with child, contextlib.ExitStack() as on_exception:
        on_exception.callback(process.kill_group, child.pid)
        for line in child.stdout or ():
            sys.stderr.write(line)
            lines.append(line.rstrip())
        on_exception.pop_all()
    if child.returncode:
        raise CommandError(["cdk", *command[1:]], child.returncode, deque(filter(None, lines), _TAIL_LINES))
    return lines
