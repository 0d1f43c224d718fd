from string import Template

import yaml

ON_ONE_LINE = 'apiVersion: v1\nkind: Pod\nmetadata: {name: one, namespace: shop}\nspec:\n  containers: [{name: app, image: nginx}]\n'

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
metadata: {name: percent, namespace: "%(namespace)s"}
spec:
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
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
          namespace: "{namespace}"
        spec:
          replicas: {replicas + 1}
          template:
            metadata:
              labels: {{app: web}}
            spec:
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
