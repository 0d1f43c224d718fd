"""One module for each admission controller, found by walking this package."""
