"""How fast, and in how much memory: measured beside libyaml, kubectl and ruamel.yaml on the same bytes."""
