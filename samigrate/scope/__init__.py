"""Who is in a scope, and who names whom there."""
