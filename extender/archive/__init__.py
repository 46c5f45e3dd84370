"""The clips' files. Addresses of clips come from outside, so nothing is opened here unguarded."""
