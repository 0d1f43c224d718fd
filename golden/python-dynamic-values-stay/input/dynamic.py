from kubernetes import client


def spread(**more):
    return client.V1PodSpec(containers=[client.V1Container(name="app", image="nginx")], **more)


def computed(account, on):
    return client.V1PodSpec(
        service_account_name=account,
        automount_service_account_token=on(),
        containers=[client.V1Container(name="app", image="nginx")],
    )


def built(make):
    return client.V1PodSpec(containers=make())


def shared():
    spec = client.V1PodSpec(containers=[client.V1Container(name="app", image="nginx")])
    one = client.V1PodTemplateSpec(spec=spec)
    return one, client.V1PodTemplateSpec(spec=spec)


def changed():
    pod = client.V1Pod(
        api_version="v1",
        kind="Pod",
        metadata=client.V1ObjectMeta(name="changed"),
        spec=client.V1PodSpec(containers=[client.V1Container(name="app", image="nginx")]),
    )
    pod.spec.service_account_name = "late"
    return pod


def text(spec):
    return f"""
apiVersion: v1
kind: Pod
metadata: {{name: text}}
spec:
{spec}
"""
