"""Mathematical functions in plain arithmetic, a file for each family."""
