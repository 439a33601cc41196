"""Consumers of images on ECS, EKS and Lambda, with the rights to pull and no others."""
