"""The images that EKS clusters run, and which clusters nobody could look into."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.live.aws import Aws, pages
from registry_constructs.live.errors import AwsError, reading
from registry_constructs.live.findings import Findings
from registry_constructs.live.kubectl import Kubeconfig, KubectlError
from registry_constructs.live.pods import PodImage, read_pods

if TYPE_CHECKING:
    from mypy_boto3_eks.client import EKSClient


class PodsFile(NamedTuple):
    """The pods of a cluster, written to a file.

    Attributes:
        path: The file.
        cluster: The EKS cluster's name, or `REGION/NAME`. Empty for a cluster that is not one of EKS.
    """

    path: Path
    cluster: str = ""


class _Cluster(NamedTuple):
    region: str
    name: str
    endpoint: str

    @property
    def place(self) -> str:
        return f"eks cluster {self.name} in {self.region}"


class Clusters:
    """What leads into clusters; files are read at once, so that a wrong one is an early error.

    Args:
        files: Files that `kubectl get pods -A -o json` wrote.
        kubeconfig: A kubeconfig, of which each cluster is read. Default: none.

    Raises:
        InvalidInputError: A file can't be read, or kubectl is missing.
    """

    def __init__(self, files: Sequence[PodsFile] = (), kubeconfig: Path | None = None) -> None:
        self._files = [(file, read_pods(file.path)) for file in files]
        self._kubeconfig = Kubeconfig(kubeconfig) if kubeconfig else None

    def read(self, aws: Aws, regions: Sequence[str], findings: Findings) -> None:
        """Look into the clusters; each EKS cluster of the Regions that nothing leads into is unknown.

        Raises:
            InvalidInputError: A file is given for a cluster that is not there, or of one of several.
            AwsError: The credentials are not valid any more.
        """
        endpoints = self._kubeconfig is not None
        clusters = [
            cluster for region in regions for cluster in _list(aws, region, findings, endpoints=endpoints)
        ]
        known = self._read_files(clusters, findings) | self._read_kubeconfig(clusters, findings)
        for cluster in clusters:
            if cluster not in known:
                findings.unknown(cluster.place, "no --kubeconfig leads to it, and no --pods file is of it")

    def _read_files(self, clusters: Sequence[_Cluster], findings: Findings) -> set[_Cluster]:
        known = set()
        for file, images in self._files:
            place = f"kubernetes cluster of {file.path.name}"
            if file.cluster:
                cluster = _named(file, clusters, findings)
                place = f"eks cluster {file.cluster}"
                if cluster:
                    known.add(cluster)
                    place = cluster.place
            _add(images, place, findings)
        return known

    def _read_kubeconfig(self, clusters: Sequence[_Cluster], findings: Findings) -> set[_Cluster]:
        known: set[_Cluster] = set()
        by_server = {_plain(cluster.endpoint): cluster for cluster in clusters if cluster.endpoint}
        for context in self._kubeconfig.contexts() if self._kubeconfig else ():
            cluster = by_server.get(_plain(context.server))
            place = cluster.place if cluster else f"kubernetes cluster of context {context.name}"
            try:
                images = self._kubeconfig.pods(context) if self._kubeconfig else []
            except KubectlError as error:
                findings.unknown(place, str(error))
                continue
            _add(images, place, findings)
            if cluster:
                known.add(cluster)
        return known


def _list(aws: Aws, region: str, findings: Findings, *, endpoints: bool) -> list[_Cluster]:
    eks = aws.client("eks", region)
    place = f"eks in {region}"
    names: list[str] = []
    with findings.trying(place):
        names += pages(eks, "list_clusters", "clusters", where=place)
    return [_Cluster(region, name, _endpoint(eks, name) if endpoints else "") for name in names]


def _endpoint(eks: EKSClient, name: str) -> str:
    """Where a cluster's API is. Empty if nobody says: then no kubeconfig is known to lead there."""
    try:
        with reading(f"eks cluster {name}"):
            answer = eks.describe_cluster(name=name)
        # None while it is being created.
        return answer.get("cluster", {}).get("endpoint") or ""
    except AwsError as error:
        if error.rejected:
            raise
        return ""


def _named(file: PodsFile, clusters: Sequence[_Cluster], findings: Findings) -> _Cluster | None:
    fitting = [
        cluster for cluster in clusters if file.cluster in (cluster.name, f"{cluster.region}/{cluster.name}")
    ]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting and any(place.startswith("eks in ") for place in findings.unknown_places):
        return None
    raise InvalidInputError(
        "Several clusters have this name" if fitting else "There is no such EKS cluster",
        got=file.cluster,
        allowed=", ".join(sorted(f"{cluster.region}/{cluster.name}" for cluster in clusters)) or "none",
        fix="name the Region as well: --pods REGION/CLUSTER=FILE"
        if fitting
        else "check its name and --region",
        where="--pods",
    )


def _add(images: Iterable[PodImage], place: str, findings: Findings) -> None:
    for image in images:
        findings.add(image.image, f"{image.owner} in {place}")


def _plain(address: str) -> str:
    return address.rstrip("/").lower()
