"""Services and tasks on Amazon ECS."""
