"""Each view lets in, validates, calls one verb and renders."""
