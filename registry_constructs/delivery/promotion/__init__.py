"""Images that go from one repository to another as they are."""
