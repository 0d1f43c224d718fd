"""Pull requests from a plan: who gets what, and the words."""
