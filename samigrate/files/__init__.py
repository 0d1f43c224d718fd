"""Files to resources, and operations to texts: manifests, and Python programs that declare them."""
