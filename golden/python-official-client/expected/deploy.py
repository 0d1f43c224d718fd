"""Rolls out the web shop."""

from kubernetes import client, config
from kubernetes.client import (
    V1ConfigMapProjection,
    V1Container,
    V1DownwardAPIProjection,
    V1DownwardAPIVolumeFile,
    V1KeyToPath,
    V1ObjectFieldSelector,
    V1PodSpec,
    V1ProjectedVolumeSource,
    V1ServiceAccountTokenProjection,
    V1Volume,
    V1VolumeMount,
    V1VolumeProjection,
)


def web(tag="1.29"):
    container = client.V1Container(
        name="web",
        image="nginx:1.29",  # pinned: see the runbook
    )
    template = client.V1PodTemplateSpec(
        metadata=client.V1ObjectMeta(labels={"app": "web"}),
        spec=client.V1PodSpec(automount_service_account_token=False, containers=[container]),
    )
    return client.V1Deployment(
        api_version="apps/v1",
        kind="Deployment",
        metadata=client.V1ObjectMeta(
            name="web",
            namespace="shop",
            annotations={
                "samigrate.dev/reason": "Declares no use of the Kubernetes API, so it runs without a token.",
                "samigrate.dev/evidence": "image nginx is known to have no use for the API",
                "samigrate.dev/previous-automount": "unset",
            },
        ),
        spec=client.V1DeploymentSpec(
            selector=client.V1LabelSelector(match_labels={"app": "web"}),
            template=template,
        ),
    )


def reader_spec():
    return V1PodSpec(
        service_account_name="reader",
        # It reads what the warehouse wrote.
        containers=[
            V1Container(
                name="reader",
                image="busybox",
                volume_mounts=[V1VolumeMount(name="token", mount_path="/etc/kube")],
            )
        ],
        volumes=[
            V1Volume(
                name="token",
                projected=V1ProjectedVolumeSource(
                    sources=[
                        V1VolumeProjection(
                            service_account_token=V1ServiceAccountTokenProjection(
                                path="token",
                                expiration_seconds=3607,
                            ),
                        ),
                        V1VolumeProjection(
                            config_map=V1ConfigMapProjection(
                                name="kube-root-ca.crt",
                                items=[V1KeyToPath(key="ca.crt", path="ca.crt")],
                            ),
                        ),
                        V1VolumeProjection(
                            downward_api=V1DownwardAPIProjection(
                                items=[
                                    V1DownwardAPIVolumeFile(
                                        path="namespace",
                                        field_ref=V1ObjectFieldSelector(
                                            field_path="metadata.namespace",
                                        ),
                                    ),
                                ],
                            ),
                        ),
                    ],
                ),
            ),
        ],
    )


if __name__ == "__main__":
    config.load_kube_config()
    client.AppsV1Api().create_namespaced_deployment("shop", web())
