import pulumi_kubernetes as k8s
from pulumi_kubernetes.apps.v1 import StatefulSet
from pulumi_kubernetes.core.v1 import ServiceAccount

labels = {"app_name": "web"}

web_account = k8s.core.v1.ServiceAccount(
    "web",
    metadata=k8s.meta.v1.ObjectMetaArgs(
        name="web",
        namespace="shop",
        labels={"app.kubernetes.io/managed-by": "samigrate"},
        annotations={
            "samigrate.dev/managed": "true",
            "samigrate.dev/reason": "Made for Deployment web alone, which ran as default.",
        },
    ),
    automount_service_account_token=False,
)
web = k8s.apps.v1.Deployment(
    "web",
    metadata=k8s.meta.v1.ObjectMetaArgs(
        name="web",
        namespace="shop",
        annotations={
            "samigrate.dev/reason": "Declares no use of the Kubernetes API, so it runs as its own account web without a token.",
            "samigrate.dev/evidence": "image nginx is known to have no use for the API",
            "samigrate.dev/previous-service-account": "default",
            "samigrate.dev/previous-automount": "unset",
        },
    ),
    spec=k8s.apps.v1.DeploymentSpecArgs(
        selector=k8s.meta.v1.LabelSelectorArgs(match_labels=labels),
        template=k8s.core.v1.PodTemplateSpecArgs(
            metadata=k8s.meta.v1.ObjectMetaArgs(labels=labels),
            spec=k8s.core.v1.PodSpecArgs(
                service_account_name=web_account.metadata["name"],
                automount_service_account_token=False,
                containers=[k8s.core.v1.ContainerArgs(name="web", image="nginx")],
            ),
        ),
    ),
)

db_account = ServiceAccount(
    "db",
    metadata={
        "name": "db",
        "namespace": "shop",
        "labels": {"app.kubernetes.io/managed-by": "samigrate"},
        "annotations": {
            "samigrate.dev/managed": "true",
            "samigrate.dev/reason": "Made for StatefulSet db alone, which ran as default.",
        },
    },
    automount_service_account_token=False,
)
StatefulSet("db", metadata={
    "name": "db",
    "namespace": "shop",
    "annotations": {
        "samigrate.dev/reason": "Declares no use of the Kubernetes API, so it runs as its own account db without a token.",
        "samigrate.dev/evidence": "image postgres is known to have no use for the API",
        "samigrate.dev/previous-service-account": "default",
        "samigrate.dev/previous-automount": "unset",
    },
}, spec={
    "service_name": "db",
    "selector": {"match_labels": {"app_name": "db"}},
    "template": {
        "metadata": {"labels": {"app_name": "db"}},
        "spec": {
            "host_network": False,
            "service_account_name": db_account.metadata["name"],
            "automount_service_account_token": False,
            "containers": [{"name": "db", "image": "postgres"}],
        },
    },
})
