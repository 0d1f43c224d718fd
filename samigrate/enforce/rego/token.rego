violation contains {"msg": msg} if {
	is_judged
	not is_mirror
	has_token
	key := sprintf("%s.%s", [namespace, account])
	not is_listed(key)
	msg := sprintf("mounts a token for the API, and %s is not on the list: set automountServiceAccountToken to false, or put it on the list", [key])
}

has_token if {
	some container in containers
	some mount in container.volumeMounts
	mount.name in token_volumes
}

# A template shows no volume of admission's: it is judged where it asks for one by itself.
has_token if {
	reviewed.kind != "Pod"
	spec.automountServiceAccountToken == true
	not has_volume_of_admission
	some container in containers
	not mounts_at_the_path(container)
}

token_volumes contains volume.name if {
	some volume in volumes
	some source in volume.projected.sources
	is_for_the_api(object.get(source.serviceAccountToken, "audience", ""))
}

is_for_the_api(audience) if audience == ""

is_for_the_api(audience) if regex.match(AUDIENCES, lower(audience))

is_for_the_api(audience) if audience in DECLARED

has_volume_of_admission if {
	some volume in volumes
	startswith(volume.name, "kube-api-access-")
}

mounts_at_the_path(container) if {
	some mount in container.volumeMounts
	mount.mountPath == "/var/run/secrets/kubernetes.io/serviceaccount"
}
