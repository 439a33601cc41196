"""The catalog: repositories described in YAML or JSON files that product teams change, up to thousands.

Reading and checking a catalog is plain Python; the stages that deploy one load the CDK on first use.
"""
