"""How the bytes of clips reach a browser: answers, ranges, downloads."""
