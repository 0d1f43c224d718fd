from string import Template

import yaml

ON_ONE_LINE = 'apiVersion: v1\nkind: Pod\nmetadata: {name: one, namespace: shop, annotations: {samigrate.dev/reason: "Declares no use of the Kubernetes API, so it runs without a token.", samigrate.dev/evidence: "image nginx is known to have no use for the API", samigrate.dev/previous-automount: unset}}\nspec:\n  automountServiceAccountToken: false\n  containers: [{name: app, image: nginx}]\n'

ESCAPED = """\
apiVersion: batch/v1
kind: CronJob
metadata:
  name: caf\u00e9s
  namespace: shop
spec:
  schedule: "@daily"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - {name: app, image: postgres, command: ["sh", "-c", "printf 'a\\n' # \"quoted\""]}
"""

PERCENT = """
apiVersion: v1
kind: Pod
metadata: {name: percent, namespace: "%(namespace)s", annotations: {samigrate.dev/reason: "Declares no use of the Kubernetes API, so it runs without a token.", samigrate.dev/evidence: "image nginx is known to have no use for the API", samigrate.dev/previous-automount: unset}}
spec:
  automountServiceAccountToken: false
  containers: [{name: app, image: nginx, args: ["100%%"]}]
"""

TOGETHER = (
    "apiVersion: v1\n"
    "kind: Pod\n"
    "metadata: {name: together, namespace: shop}\n"
    "spec: {containers: [{name: app, image: nginx}]}\n"
)

ENGINE = Template("""
apiVersion: v1
kind: Pod
metadata: {name: engine, namespace: $namespace}
spec: {containers: [{name: app, image: nginx}]}
""")


def deploy(api, namespace, replicas, settings):
    for manifest in yaml.safe_load_all(
        f"""
        apiVersion: v1
        kind: ServiceAccount
        metadata:
          name: web
          namespace: "{namespace}"
          labels:
            app.kubernetes.io/managed-by: samigrate
          annotations:
            samigrate.dev/managed: "true"
            samigrate.dev/reason: "Made for Deployment web alone, which ran as default."
        automountServiceAccountToken: false
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
          namespace: "{namespace}"
          annotations:
            samigrate.dev/reason: "Declares no use of the Kubernetes API, so it runs as its own account web without a token."
            samigrate.dev/evidence: "image nginx is known to have no use for the API"
            samigrate.dev/previous-service-account: default
            samigrate.dev/previous-automount: unset
        spec:
          replicas: {replicas + 1}
          template:
            metadata:
              labels: {{app: web}}
            spec:
              serviceAccountName: web
              automountServiceAccountToken: false
              containers:
              - name: web
                image: nginx:1.29
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: worker
          namespace: "{namespace}"
        spec:
          replicas: {settings['replicas']:d}
          template:
            metadata:
              labels: {{app: worker}}
            spec:
              containers:
              - name: worker
                image: {settings["image"]}
        """
    ):
        api.create(manifest)
    api.create(yaml.safe_load(PERCENT % {"namespace": namespace}))
