import textwrap

import yaml

MANIFESTS = [
    # What sells.
    {
        'apiVersion': 'apps/v1',
        'kind': 'Deployment',
        'metadata': {'name': 'front', 'namespace': 'shop'},
        'spec': {
            'template': {
                'spec': {
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
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: cart
      namespace: shop
    spec:
      template:
        spec:
          containers:
            - name: cart
              image: redis   # no cluster
    """)))

ONE = yaml.safe_load('''
apiVersion: batch/v1
kind: CronJob
metadata: {name: tidy, namespace: shop}
spec:
  schedule: "@daily"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: tidy, image: busybox}]}}}}
''')

HELP = """
usage: manifests.py

apiVersion: and kind: stand in every manifest
"""
