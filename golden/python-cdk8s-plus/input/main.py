from cdk8s import ApiObjectMetadata, App, Chart, Cron
from constructs import Construct
import cdk8s_plus_33 as kplus


class Shop(Chart):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)

        # Serves the pages.
        # Two of them, always.
        web = kplus.Deployment(
            self,
            "web",
            metadata=ApiObjectMetadata(name="web", namespace="shop"),
            containers=[
                kplus.ContainerProps(
                    image="nginx:1.29",
                    env_variables={"MODE": kplus.EnvValue.from_value("fast")},
                ),
            ],
        )
        web.expose_via_service(ports=[kplus.ServicePort(port=80)])

        # It has no name of its own: cdk8s makes one.
        kplus.CronJob(
            self,
            "report",
            schedule=Cron.daily(),
            containers=[{"image": "postgres:16"}],
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
