"""Keeps the carts, and scales its workers by the length of the queue."""

from kubernetes import client, config


def scale(replicas: int) -> None:
    config.load_incluster_config()
    client.AppsV1Api().patch_namespaced_deployment_scale("cart-worker", "shop", {"spec": {"replicas": replicas}})
