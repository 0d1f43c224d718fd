from airflow import DAG
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from kubernetes.client import models as k8s

defaults = {"namespace": "etl"}

with DAG("warehouse") as dag:
    extract = KubernetesPodOperator(
        task_id="extract",
        namespace="etl",
        image="postgres:16",
        cmds=["psql"],
        arguments=["-f", "extract.sql"],
        env_vars={"PGHOST": "db"},
        volumes=[
            k8s.V1Volume(
                name="token",
                projected=k8s.V1ProjectedVolumeSource(
                    sources=[
                        k8s.V1VolumeProjection(
                            service_account_token=k8s.V1ServiceAccountTokenProjection(
                                path="token",
                                expiration_seconds=3607,
                            ),
                        ),
                        k8s.V1VolumeProjection(
                            config_map=k8s.V1ConfigMapProjection(
                                name="kube-root-ca.crt",
                                items=[k8s.V1KeyToPath(key="ca.crt", path="ca.crt")],
                            ),
                        ),
                        k8s.V1VolumeProjection(
                            downward_api=k8s.V1DownwardAPIProjection(
                                items=[
                                    k8s.V1DownwardAPIVolumeFile(
                                        path="namespace",
                                        field_ref=k8s.V1ObjectFieldSelector(
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
        automount_service_account_token=False,
    )

    # What defaults holds is not known here.
    load = KubernetesPodOperator(task_id="load", image="postgres:16", **defaults)

    clean = KubernetesPodOperator(
        task_id="clean", namespace="etl", image="postgres:16", service_account_name="clean", automount_service_account_token=False
    )

    @dag.task(
        executor_config={
            "pod_override": k8s.V1Pod(
                spec=k8s.V1PodSpec(
                    service_account_name="transform",
                    containers=[k8s.V1Container(name="base")],
                    volumes=[
                        k8s.V1Volume(
                            name="t",
                            projected=k8s.V1ProjectedVolumeSource(
                                sources=[
                                    k8s.V1VolumeProjection(
                                        service_account_token=k8s.V1ServiceAccountTokenProjection(
                                            path="token",
                                            expiration_seconds=3607,
                                        ),
                                    ),
                                    k8s.V1VolumeProjection(
                                        config_map=k8s.V1ConfigMapProjection(
                                            name="kube-root-ca.crt",
                                            items=[k8s.V1KeyToPath(key="ca.crt", path="ca.crt")],
                                        ),
                                    ),
                                    k8s.V1VolumeProjection(
                                        downward_api=k8s.V1DownwardAPIProjection(
                                            items=[
                                                k8s.V1DownwardAPIVolumeFile(
                                                    path="namespace",
                                                    field_ref=k8s.V1ObjectFieldSelector(
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
            )
        }
    )
    def transform():
        return 1
