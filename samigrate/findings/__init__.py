"""What is said besides the changes: the catalogue of findings, and what needs no transform."""
