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
            k8s.V1Volume(name="token", secret=k8s.V1SecretVolumeSource(secret_name="default-token-x7k2p")),
        ],
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
                    service_account="transform",
                    containers=[k8s.V1Container(name="base")],
                    volumes=[k8s.V1Volume(name="t", secret=k8s.V1SecretVolumeSource(secret_name="transform-token-x7k2p"))],
                )
            )
        }
    )
    def transform():
        return 1
