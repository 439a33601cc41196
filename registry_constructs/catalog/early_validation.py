"""The CDK's template validation, started while Python reads a catalog and Node would have nothing to do."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import aws_cdk as cdk


@contextlib.contextmanager
def validation_starts() -> Iterator[None]:
    """Let Node start the validation during the block, which must not call the CDK.

    It takes Node more than a second, once a process, and every synth needs it. What may go wrong with it
    goes wrong in the synth too, and is told there.
    """
    with ThreadPoolExecutor(1, "validation") as pool:
        pool.submit(_synthesize_nothing)
        yield


@cache
def _synthesize_nothing() -> None:
    """Synthesize an app of its own: the first synth of a process starts the validation for all."""
    with tempfile.TemporaryDirectory() as folder:
        app = cdk.App(outdir=folder, auto_synth=False, analytics_reporting=False)
        cdk.CfnWaitConditionHandle(cdk.Stack(app, "Nothing"), "Nothing")
        app.synth()
