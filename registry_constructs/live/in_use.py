"""Which images run now, as far as AWS and Kubernetes say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from registry_constructs.live.aws import Aws
from registry_constructs.live.ecs import read_ecs
from registry_constructs.live.eks import Clusters, PodsFile
from registry_constructs.live.findings import Findings
from registry_constructs.live.functions import read_functions


class InUse:
    """How to look for what runs: ECS, Lambda, EKS, and other Kubernetes clusters that one leads us to.

    Args:
        pods: Files that `kubectl get pods -A -o json` wrote.
        kubeconfig: A kubeconfig, of which each cluster is read. Default: none.

    Raises:
        InvalidInputError: A file can't be read, or kubectl is missing.
    """

    def __init__(self, *, pods: Sequence[PodsFile] = (), kubeconfig: Path | None = None) -> None:
        self._clusters = Clusters(pods, kubeconfig)

    def read(self, aws: Aws, regions: Sequence[str]) -> Findings:
        """Look in each of these Regions of the account.

        A place that can't be read is unknown; so is an EKS cluster that nothing leads into.

        Raises:
            InvalidInputError: A file of pods is given for an EKS cluster that is not there.
            AwsError: The credentials are not valid any more.
        """
        findings = Findings()
        for region in regions:
            read_ecs(aws, region, findings)
            read_functions(aws, region, findings)
        self._clusters.read(aws, regions, findings)
        return findings
