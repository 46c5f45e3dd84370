"""What goes out to strangers: their addresses judged, their answers bounded. Knows nothing of the product."""
