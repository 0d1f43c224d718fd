from constructs import Construct
from cdk8s import App, Chart
from imports import k8s


class Shop(Chart):
    def __init__(self, scope: Construct, id: str):
        super().__init__(scope, id)
        k8s.KubeServiceAccount(
            self,
            "web-account",
            metadata=k8s.ObjectMeta(
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
        k8s.KubeDeployment(
            self, "web",
            metadata=k8s.ObjectMeta(
                name="web",
                namespace="shop",
                annotations={
                    "samigrate.dev/reason": "Declares no use of the Kubernetes API, so it runs as its own account web without a token.",
                    "samigrate.dev/evidence": "image nginx is known to have no use for the API",
                    "samigrate.dev/previous-service-account": "default",
                    "samigrate.dev/previous-automount": "unset",
                },
            ),
            spec=k8s.DeploymentSpec(
                selector=k8s.LabelSelector(match_labels={"app": "web"}),
                template=k8s.PodTemplateSpec(
                    spec=k8s.PodSpec(
                        service_account_name="web",
                        automount_service_account_token=False,
                        containers=[k8s.Container(name="web", image="nginx")],
                    ),
                ),
            ),
        )
