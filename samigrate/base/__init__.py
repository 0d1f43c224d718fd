"""What knows nothing of Kubernetes: plain values, files, patterns, processes, words for people."""
