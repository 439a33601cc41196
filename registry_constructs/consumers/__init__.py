"""ECS, EKS and Lambda constructs that run images, with permissions to pull only these images."""
