"""Tells prices. Knows nothing of Kubernetes."""

import http.server

http.server.HTTPServer(("", 8080), http.server.SimpleHTTPRequestHandler).serve_forever()
