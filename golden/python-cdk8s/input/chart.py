from constructs import Construct
from cdk8s import App, Chart
from imports import k8s


class Shop(Chart):
    def __init__(self, scope: Construct, id: str):
        super().__init__(scope, id)
        k8s.KubeDeployment(
            self, "web",
            metadata=k8s.ObjectMeta(name="web", namespace="shop"),
            spec=k8s.DeploymentSpec(
                selector=k8s.LabelSelector(match_labels={"app": "web"}),
                template=k8s.PodTemplateSpec(spec=k8s.PodSpec(containers=[k8s.Container(name="web", image="nginx")])),
            ),
        )
