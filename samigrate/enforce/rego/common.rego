# The pod spec, wherever the kind keeps it.
reviewed := input.review.object

spec := reviewed.spec if reviewed.kind == "Pod"

spec := reviewed.spec.jobTemplate.spec.template.spec if reviewed.kind == "CronJob"

spec := reviewed.spec.template.spec if not reviewed.kind in {"Pod", "CronJob"}

# What is there already may still be scaled, labelled and deleted: an update counts where it makes other pods.
# Gatekeeper's own audit of what is there asks without an operation.
is_judged if not input.review.operation

is_judged if input.review.operation in {"", "CREATE"}

is_judged if {
	input.review.operation == "UPDATE"
	reviewed.kind != "Pod"
	spec != old_spec
}

old_spec := input.review.oldObject.spec.jobTemplate.spec.template.spec if reviewed.kind == "CronJob"

old_spec := input.review.oldObject.spec.template.spec if reviewed.kind != "CronJob"

# The kubelet reports static Pods so; admission lets none of these have an account or a token.
is_mirror if reviewed.metadata.annotations["kubernetes.io/config.mirror"]

stated(field) := object.get(spec, field, "")

account := stated("serviceAccountName") if stated("serviceAccountName") != ""

account := stated("serviceAccount") if {
	stated("serviceAccountName") == ""
	stated("serviceAccount") != ""
}

account := "default" if {
	stated("serviceAccountName") == ""
	stated("serviceAccount") == ""
}

namespace := input.review.namespace if input.review.namespace

namespace := reviewed.metadata.namespace if not input.review.namespace

is_listed(key) if object.get(input.parameters, ["list", key], null) != null
