violation contains {"msg": msg} if {
	is_judged
	not is_mirror
	not is_listed(sprintf("account.%s.%s", [namespace, account]))
	some secret in secrets
	is_token_secret(secret)
	msg := sprintf("takes a token that never expires from the Secret %s: mount a projected token instead", [secret])
}

is_token_secret(secret) if is_listed(sprintf("secret.%s.%s", [namespace, secret]))

is_token_secret(secret) if regex.match(GENERATED, secret)

secrets contains volume.secret.secretName if {
	some volume in mounted
	gives_token(volume.secret)
}

secrets contains source.secret.name if {
	some volume in mounted
	some source in volume.projected.sources
	gives_token(source.secret)
}

secrets contains variable.valueFrom.secretKeyRef.name if {
	some container in containers
	some variable in container.env
	variable.valueFrom.secretKeyRef.key == "token"
}

secrets contains source.secretRef.name if {
	some container in containers
	some source in container.envFrom
}

gives_token(source) if count(object.get(source, "items", [])) == 0

gives_token(source) if {
	some item in source.items
	item.key == "token"
}

mounted contains volume if {
	some volume in volumes
	some container in containers
	some mount in container.volumeMounts
	mount.name == volume.name
}
