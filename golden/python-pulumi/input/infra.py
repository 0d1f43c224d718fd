import pulumi_kubernetes as k8s
from pulumi_kubernetes.apps.v1 import StatefulSet

labels = {"app_name": "web"}

web = k8s.apps.v1.Deployment(
    "web",
    metadata=k8s.meta.v1.ObjectMetaArgs(name="web", namespace="shop"),
    spec=k8s.apps.v1.DeploymentSpecArgs(
        selector=k8s.meta.v1.LabelSelectorArgs(match_labels=labels),
        template=k8s.core.v1.PodTemplateSpecArgs(
            metadata=k8s.meta.v1.ObjectMetaArgs(labels=labels),
            spec=k8s.core.v1.PodSpecArgs(
                containers=[k8s.core.v1.ContainerArgs(name="web", image="nginx")],
            ),
        ),
    ),
)

StatefulSet("db", metadata={"name": "db", "namespace": "shop"}, spec={
    "service_name": "db",
    "selector": {"match_labels": {"app_name": "db"}},
    "template": {
        "metadata": {"labels": {"app_name": "db"}},
        "spec": {
            "host_network": False,
            "containers": [{"name": "db", "image": "postgres"}],
        },
    },
})
