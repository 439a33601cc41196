"""What a lifecycle policy would do to images, now and later, in plain Python.

Nothing here needs the CDK, boto3 or Node, and nothing here talks to AWS.
"""

from __future__ import annotations

from registry_constructs.simulation.image import ImageStatus, Inventory, SimulatedImage, Use
from registry_constructs.simulation.inventory import read_inventories, write_inventories
from registry_constructs.simulation.outcome import Outcome, Reason, RuleCount, Simulation
from registry_constructs.simulation.simulate import simulate

__all__ = [
    "ImageStatus",
    "Inventory",
    "Outcome",
    "Reason",
    "RuleCount",
    "SimulatedImage",
    "Simulation",
    "Use",
    "read_inventories",
    "simulate",
    "write_inventories",
]
