"""`python -m registry_constructs` is the command `registry-constructs`."""

from registry_constructs.cli import main

main()
