"""Stand-ins for `docker` and `aws`: they record how they are called, and a registry is a file.

They say nothing about Docker or AWS. They show in which order a script calls what, with which arguments, and
what it does when a call fails.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REGISTRY = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
DIGESTS = {name: f"sha256:{name[-1] * 64}" for name in ("image-a", "index-b", "amd64-c", "arm64-d")}

_PROGRAM = """#!{python}
import json, os, pathlib, sys

tool, args = pathlib.Path(sys.argv[0]).name, sys.argv[1:]
here = pathlib.Path(sys.argv[0]).parent
stdin = sys.stdin.read() if "--password-stdin" in args else None
with (here / "calls").open("a") as calls:
    calls.write(json.dumps([tool, args, stdin]) + "\\n")
if os.environ.get("FAIL") and os.environ["FAIL"] in " ".join([tool, *args]):
    sys.exit("told to fail")

standing = here / "registry"
tags = json.loads(standing.read_text()) if standing.exists() else {{}}


def push(tag, digest):
    tags[tag] = digest
    standing.write_text(json.dumps(tags))


def option(name):
    return args[args.index(name) + 1]


match [tool, *args[:3]]:
    case ["aws", "ecr", "get-login-password", *_]:
        print("a password")
    case ["aws", "ecr", "batch-get-image", *_]:
        print(tags.get(option("--image-ids").removeprefix("imageTag="), ""))
    case ["docker", "buildx", "build", *_]:
        digest = os.environ.get("DIGEST_BUILT", {image!r})
        metadata = {{"buildx.build.ref": "image-builder/x/y", "containerimage.digest": digest}}
        pathlib.Path(option("--metadata-file")).write_text(json.dumps(metadata, indent=2))
        name = option("--output").split("name=")[1].split(",")[0]
        if ":" in name:
            push(name.rpartition(":")[2], digest)
    case ["docker", "buildx", "imagetools", *_]:
        push(option("--tag").rpartition(":")[2], {index!r})
"""


@dataclass
class Machine:
    """A build's machine with the stand-ins on its path, and a source.

    Attributes:
        source: The directory that builds run in.
        tools: The directory of the stand-ins.
        environment: Variables of the project.
    """

    source: Path
    tools: Path
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, path: Path, **environment: str) -> Machine:
        source, tools = path / "source", path / "tools"
        for directory in (source, tools):
            directory.mkdir(parents=True)
        program = _PROGRAM.format(python=sys.executable, image=DIGESTS["image-a"], index=DIGESTS["index-b"])
        for tool in ("aws", "docker"):
            (tools / tool).write_text(program)
            (tools / tool).chmod(0o755)
        project = {
            "CODEBUILD_RESOLVED_SOURCE_VERSION": COMMIT,
            "REGISTRIES": REGISTRY,
            "REGISTRY_ID": "111122223333",
            "REPOSITORY_NAME": "shop/checkout",
            "REPOSITORY_URI": f"{REGISTRY}/shop/checkout",
        }
        return cls(source, tools, project | environment)

    def run(self, build_spec: dict[str, Any], **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a build phase as CodeBuild does: in one shell, up to the first command that fails."""
        commands = build_spec["phases"]["build"]["commands"]
        exported = build_spec["env"].get("exported-variables", [])
        printed = "".join(f'\nprintf "%s=%s\\n" {name} "${name}"' for name in exported)
        return subprocess.run(
            ["bash", "-c", "\n".join(f"{{ {command}\n}} || exit" for command in commands) + printed],
            cwd=self.source,
            env={"PATH": f"{self.tools}{os.pathsep}{os.environ['PATH']}"} | self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def calls(self) -> list[tuple[str, list[str], str | None]]:
        """What was called since the last question, in order: the tool, its arguments, what it read."""
        record = self.tools / "calls"
        if not record.exists():
            return []
        lines = record.read_text().splitlines()
        record.unlink()
        return [(tool, args, stdin) for tool, args, stdin in map(json.loads, lines)]

    def commands(self) -> list[str]:
        """What was called since the last question, without options."""
        return [
            " ".join([tool, *takewhile(lambda word: not word.startswith("-"), args)])
            for tool, args, _ in self.calls()
        ]

    def tags(self) -> dict[str, str]:
        """What the registry holds."""
        standing = self.tools / "registry"
        found: dict[str, str] = json.loads(standing.read_text()) if standing.exists() else {}
        return found
