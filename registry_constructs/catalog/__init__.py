"""Thousands of repositories from files that product teams change: the catalog.

What reads and judges a catalog is plain Python; the stages that deploy one load the CDK on first use.
"""
