"""The nouns of the domain, and the rules that need nothing but them."""
