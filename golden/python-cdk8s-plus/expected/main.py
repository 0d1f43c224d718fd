from cdk8s import ApiObjectMetadata, App, Chart, Cron
from constructs import Construct
import cdk8s_plus_33 as kplus


class Shop(Chart):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)

        web_account = kplus.ServiceAccount(
            self,
            "web-account",
            metadata=ApiObjectMetadata(
                name="web",
                namespace="shop",
                labels={"app.kubernetes.io/managed-by": "samigrate"},
                annotations={
                    "samigrate.dev/managed": "true",
                    "samigrate.dev/reason": "Made for Deployment web alone, which ran as default.",
                },
            ),
            automount_token=False,
        )

        # Serves the pages.
        # Two of them, always.
        web = kplus.Deployment(
            self,
            "web",
            metadata=ApiObjectMetadata(
                name="web",
                namespace="shop",
                annotations={
                    "samigrate.dev/reason": "Runs as its own account web instead of default.",
                    "samigrate.dev/evidence": "image nginx is known to have no use for the API",
                    "samigrate.dev/previous-service-account": "default",
                },
            ),
            containers=[
                kplus.ContainerProps(
                    image="nginx:1.29",
                    env_variables={"MODE": kplus.EnvValue.from_value("fast")},
                ),
            ],
            service_account=web_account,
        )
        web.expose_via_service(ports=[kplus.ServicePort(port=80)])

        report_account = kplus.ServiceAccount(
            self,
            "report-account",
            metadata={
                "name": "report",
                "labels": {"app.kubernetes.io/managed-by": "samigrate"},
                "annotations": {
                    "samigrate.dev/managed": "true",
                    "samigrate.dev/reason": "Made for CronJob report alone, which ran as default.",
                },
            },
            automount_token=False,
        )

        # It has no name of its own: cdk8s makes one.
        kplus.CronJob(
            self,
            "report",
            metadata={
                "annotations": {
                    "samigrate.dev/reason": "Runs as its own account report instead of default.",
                    "samigrate.dev/evidence": "image postgres is known to have no use for the API",
                    "samigrate.dev/previous-service-account": "default",
                },
            },
            schedule=Cron.daily(),
            containers=[{"image": "postgres:16"}],
            service_account=report_account,
        )

        # Asks for its token, so it keeps it.
        account = kplus.ServiceAccount(self, "account", metadata=ApiObjectMetadata(name="operator", namespace="shop"))
        operator = kplus.Deployment(
            self,
            "operator",
            metadata=ApiObjectMetadata(name="operator", namespace="shop"),
            containers=[kplus.ContainerProps(image="example.com/operator:1")],
            service_account=account,
            automount_service_account_token=True,
        )
        role = kplus.Role(self, "role")
        role.allow_read(kplus.ApiResource.PODS)
        role.bind(operator)

        # What it runs is added later.
        late = kplus.Deployment(self, "late", metadata=ApiObjectMetadata(name="late", namespace="shop"))
        late.add_container(image="nginx:1.29")


app = App()
Shop(app, "shop")
app.synth()
