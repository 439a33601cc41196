"""Which account settings ECR has, and the values that it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from registry_constructs.ecr.errors import InvalidInputError


@dataclass(frozen=True, kw_only=True)
class AccountSettings:
    """ECR's settings of one account in one Region. What is None stays as it is.

    Attributes:
        blob_mounting: Whether a push may mount a layer that another repository of the registry has already,
            instead of uploading it again. ECR does so between repositories with the same encryption and key,
            for clients that may `ecr:GetDownloadUrlForLayer` on the other repository. Default: None.
        registry_policy_scope: `"V2"` lets the registry policy speak of every ECR action; V1, which older
            registries have, knows three. A registry that has V2 can't go back. Default: None.
        basic_scan_type_version: `"AWS_NATIVE"` scans with AWS's own scanner, the only one that is left.
            Default: None.
        on_delete: What happens to the settings when they leave the template. `"keep"` leaves them as they
            are. `"restore"` puts back the value from before the first deployment, where ECR still takes it:
            V1 can't come back. It also puts back a single setting that an update leaves out.
            Default: `"keep"`.

    Raises:
        InvalidInputError: If no setting is given, or one has a value that ECR refuses.
    """

    blob_mounting: bool | None = None
    registry_policy_scope: Literal["V2"] | None = None
    basic_scan_type_version: Literal["AWS_NATIVE"] | None = None
    on_delete: Literal["keep", "restore"] = "keep"

    def __post_init__(self) -> None:
        # A 1 would pass a comparison with True.
        if self.blob_mounting is not None and not isinstance(self.blob_mounting, bool):
            raise InvalidInputError(
                "blob_mounting is neither on nor off",
                got=self.blob_mounting,
                allowed="True, False, or None for leaving it alone",
                fix="write blob_mounting=True",
            )
        _check("registry_policy_scope", self.registry_policy_scope, "V2", None)
        _check("basic_scan_type_version", self.basic_scan_type_version, "AWS_NATIVE", None)
        _check("on_delete", self.on_delete, "keep", "restore")
        if not self.values:
            raise InvalidInputError(
                "No account setting is given",
                got=self,
                allowed="at least one of blob_mounting, registry_policy_scope, basic_scan_type_version",
                fix="name a setting, or leave AccountSettings out",
            )

    @property
    def values(self) -> dict[str, str]:
        """The settings that are given, by ECR's names and with its values."""
        mounting = {None: None, True: "ENABLED", False: "DISABLED"}[self.blob_mounting]
        settings = {
            "BLOB_MOUNTING": mounting,
            "REGISTRY_POLICY_SCOPE": self.registry_policy_scope,
            "BASIC_SCAN_TYPE_VERSION": self.basic_scan_type_version,
        }
        return {name: value for name, value in settings.items() if value is not None}


def _check(keyword: str, got: object, *allowed: str | None) -> None:
    if got not in allowed:
        raise InvalidInputError(
            f"{keyword} has a value that can't be set",
            got=got,
            allowed=" or ".join("None for leaving it alone" if one is None else repr(one) for one in allowed),
            fix=f"write {keyword}={allowed[0]!r}",
        )
