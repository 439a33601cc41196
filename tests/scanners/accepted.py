"""Every accepted finding with its reason, as it is written beside the variant or example stack that has it.

A reason without a finding fails the tests.
"""

from __future__ import annotations

from itertools import chain

from tests.consumers.ecs import findings_ecs
from tests.consumers.eks import findings_eks
from tests.consumers.network import findings_access
from tests.delivery.build import findings_build
from tests.delivery.deploy_on_push import findings_rollout
from tests.delivery.promotion import findings_promotion
from tests.delivery.publishers import findings_publishers
from tests.delivery.scan_gate import findings_gate
from tests.monitoring import findings_monitoring
from tests.registry import findings_organization, findings_registry
from tests.repository import findings_repository
from tests.stacks import findings_catalog, findings_delivery, findings_registries

_MODULES = (
    findings_ecs,
    findings_eks,
    findings_access,
    findings_build,
    findings_rollout,
    findings_promotion,
    findings_publishers,
    findings_gate,
    findings_monitoring,
    findings_organization,
    findings_registry,
    findings_repository,
    findings_catalog,
    findings_delivery,
    findings_registries,
)

CHECKOV = dict(chain.from_iterable(module.CHECKOV.items() for module in _MODULES))
"""The reason by check and template."""

CDK_NAG = dict(chain.from_iterable(module.CDK_NAG.items() for module in _MODULES))
"""The reason by rule and construct."""

CDK_NAG_ACKNOWLEDGED = dict(chain.from_iterable(module.CDK_NAG_ACKNOWLEDGED.items() for module in _MODULES))
"""The reason by rule and construct, of what the library, and for flow logs the CDK, acknowledges itself."""
