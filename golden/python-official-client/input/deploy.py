"""Rolls out the web shop."""

from kubernetes import client, config
from kubernetes.client import V1Container, V1PodSpec, V1SecretVolumeSource, V1Volume, V1VolumeMount


def web(tag="1.29"):
    container = client.V1Container(
        name="web",
        image="nginx:1.29",  # pinned: see the runbook
    )
    template = client.V1PodTemplateSpec(
        metadata=client.V1ObjectMeta(labels={"app": "web"}),
        spec=client.V1PodSpec(containers=[container]),
    )
    return client.V1Deployment(
        api_version="apps/v1",
        kind="Deployment",
        metadata=client.V1ObjectMeta(name="web", namespace="shop"),
        spec=client.V1DeploymentSpec(
            selector=client.V1LabelSelector(match_labels={"app": "web"}),
            template=template,
        ),
    )


def reader_spec():
    return V1PodSpec(
        service_account="reader",
        # It reads what the warehouse wrote.
        containers=[
            V1Container(
                name="reader",
                image="busybox",
                volume_mounts=[V1VolumeMount(name="token", mount_path="/etc/kube")],
            )
        ],
        volumes=[V1Volume(name="token", secret=V1SecretVolumeSource(secret_name="reader-token-x7k2p"))],
    )


if __name__ == "__main__":
    config.load_kube_config()
    client.AppsV1Api().create_namespaced_deployment("shop", web())
