"""The networks: `base` says what one is; a file for each; `x` is X."""
