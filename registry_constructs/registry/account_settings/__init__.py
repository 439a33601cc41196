"""ECR's account settings, which CloudFormation has no resource type for."""

from registry_constructs.registry.account_settings.resource import AccountSettingsResource
from registry_constructs.registry.account_settings.settings import AccountSettings

__all__ = ["AccountSettings", "AccountSettingsResource"]
