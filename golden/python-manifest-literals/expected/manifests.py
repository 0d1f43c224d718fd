import textwrap

import yaml

MANIFESTS = [
    {
        'apiVersion': 'v1',
        'kind': 'ServiceAccount',
        'metadata': {
            'name': 'front',
            'namespace': 'shop',
            'labels': {'app.kubernetes.io/managed-by': 'samigrate'},
            'annotations': {
                'samigrate.dev/managed': 'true',
                'samigrate.dev/reason': 'Made for Deployment front alone, which ran as default.',
            },
        },
        'automountServiceAccountToken': False,
    },
    # What sells.
    {
        'apiVersion': 'apps/v1',
        'kind': 'Deployment',
        'metadata': {
            'name': 'front',
            'namespace': 'shop',
            'annotations': {
                'samigrate.dev/reason': 'Declares no use of the Kubernetes API, so it runs as its own account front without a token.',
                'samigrate.dev/evidence': 'image nginx is known to have no use for the API',
                'samigrate.dev/previous-service-account': 'default',
                'samigrate.dev/previous-automount': 'unset',
            },
        },
        'spec': {
            'template': {
                'spec': {
                    'serviceAccountName': 'front',
                    'automountServiceAccountToken': False,
                    'containers': [{'name': 'front', 'image': 'nginx'}],
                },
            },
        },
    },
    {'apiVersion': 'v1', 'kind': 'Service', 'metadata': {'name': 'front', 'namespace': 'shop'}},
]

BOTH = list(yaml.safe_load_all(textwrap.dedent("""\
    # Keeps the carts.
    apiVersion: v1
    kind: Service
    metadata: {name: cart, namespace: shop}
    ---
    apiVersion: v1
    kind: ServiceAccount
    metadata:
      name: cart
      namespace: shop
      labels:
        app.kubernetes.io/managed-by: samigrate
      annotations:
        samigrate.dev/managed: "true"
        samigrate.dev/reason: "Made for Deployment cart alone, which ran as default."
    automountServiceAccountToken: false
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: cart
      namespace: shop
      annotations:
        samigrate.dev/reason: "Declares no use of the Kubernetes API, so it runs as its own account cart without a token."
        samigrate.dev/evidence: "image redis is known to have no use for the API"
        samigrate.dev/previous-service-account: default
        samigrate.dev/previous-automount: unset
    spec:
      template:
        spec:
          serviceAccountName: cart
          automountServiceAccountToken: false
          containers:
            - name: cart
              image: redis   # no cluster
    """)))

ONE = yaml.safe_load('''
apiVersion: batch/v1
kind: CronJob
metadata: {name: tidy, namespace: shop, annotations: {samigrate.dev/reason: "Declares no use of the Kubernetes API, so it runs without a token.", samigrate.dev/evidence: "image busybox is known to have no use for the API", samigrate.dev/previous-automount: unset}}
spec:
  schedule: "@daily"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, automountServiceAccountToken: false, containers: [{name: tidy, image: busybox}]}}}}
''')

HELP = """
usage: manifests.py

apiVersion: and kind: stand in every manifest
"""
