containers contains container if some container in spec.containers

containers contains container if some container in object.get(spec, "initContainers", [])

volumes := object.get(spec, "volumes", [])
