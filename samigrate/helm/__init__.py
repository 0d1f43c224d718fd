"""Helm charts, edited in place and proven by rendering: which templates pods come from, and what to write there.

Nothing here runs Helm; `hosts.helm` hands in a function that renders.
"""
