"""Kustomize trees: what a build gathers, where an account goes, the build before and after."""
