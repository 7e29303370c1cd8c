"""From functions to executables."""
