"""The registry itself: what ECR keeps once for an account and Region."""

from __future__ import annotations

from constructs import Construct, IConstruct

from registry_constructs._cdk.located import located
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.registry.account_settings import AccountSettings, AccountSettingsResource
from registry_constructs.registry.additions import RegistryAdditions
from registry_constructs.registry.scanning import Scanning


class Registry(Construct, RegistryAdditions):
    """The settings that ECR keeps once for an account and Region, owned by one stack.

    Scanning, replication, the registry policy and signing are one setting each: whoever writes it last wins.
    So one stack owns them, and every construct of the app adds its part: the constructs of this library by
    themselves, your own through `Registry.of(self)`. Parts are sorted by what they say, whoever comes first.

    What is not set stays as it is in the account. What is set replaces what was set by hand,
    where CloudFormation allows: it refuses a registry policy or replication that exists already.
    Destroying the stack takes the settings away again: the policy, the replication rules and the signing
    rules are removed, scanning goes back to basic without rules. No image is ever touched. Renaming the
    construct or moving it to another stack does so too, after the new one was made: where there is a policy
    or replication, that deployment fails.

    Args:
        scope: A construct in a stack of the registry's account and Region.
        id: The construct's id.
        scanning: What scans images, and when. Default: left as it is.
        account_settings: Blob mounting, the scope of the registry policy, the basic scanner. Default: left as
            they are.

    Raises:
        InvalidInputError: If the app has another owner for this account and Region, or one construct's part
            contradicts another's.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        scanning: Scanning | None = None,
        account_settings: AccountSettings | None = None,
    ) -> None:
        Construct.__init__(self, scope, id)
        RegistryAdditions.__init__(self, self)
        with located(self):
            _check_kinds(scanning, account_settings)
        scope_v2: Construct | None = None
        if account_settings is not None:
            settings = AccountSettingsResource(self, "AccountSettings", settings=account_settings)
            scope_v2 = settings.resource if account_settings.registry_policy_scope == "V2" else None
        with located(self):
            self._merged.own(self, scanning, scope_v2)

    @staticmethod
    def of(scope: IConstruct) -> RegistryAdditions:
        """The registry of the account and Region that `scope` is deployed to, to add to it.

        It works before and after the owner is made, from any stack of the app. If nobody has become the owner
        by then, the synth fails and names who added to it.
        """
        return RegistryAdditions(scope)


def _check_kinds(scanning: Scanning | None, account_settings: AccountSettings | None) -> None:
    if scanning is not None and not isinstance(scanning, Scanning):
        raise InvalidInputError(
            "scanning is no Scanning",
            got=scanning,
            allowed="Scanning.basic(...), Scanning.enhanced(...), or None for leaving it as it is",
            fix="write scanning=Scanning.basic()",
        )
    if account_settings is not None and not isinstance(account_settings, AccountSettings):
        raise InvalidInputError(
            "account_settings is no AccountSettings",
            got=account_settings,
            allowed="AccountSettings(...), or None for leaving them as they are",
            fix="write account_settings=AccountSettings(registry_policy_scope='V2')",
        )
