"""Clusters and workloads on Amazon EKS."""
