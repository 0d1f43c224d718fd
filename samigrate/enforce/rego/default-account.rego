violation contains {"msg": "runs as the account default: name an account of its own in serviceAccountName"} if {
	is_judged
	not is_mirror
	account == "default"
	not is_listed(namespace)
}
