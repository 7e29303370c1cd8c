"""The subcommands of the `farrier` command."""
