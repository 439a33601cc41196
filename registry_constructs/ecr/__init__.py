"""What ECR is: names, limits, actions, upstreams and lifecycle policies, in plain Python that loads fast."""
