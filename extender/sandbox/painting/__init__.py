"""The painter's workshop: canvas and film, words and looks, a take's course, and one module per scene."""
