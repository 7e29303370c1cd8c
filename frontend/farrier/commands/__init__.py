"""What the `farrier` command does, a module for each of its verbs."""
