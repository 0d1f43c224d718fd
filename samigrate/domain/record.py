"""The annotations that record what a workload had before it was migrated; each key stands behind the prefix and a slash."""

PREVIOUS_ACCOUNT = "previous-service-account"
PREVIOUS_AUTOMOUNT = "previous-automount"
