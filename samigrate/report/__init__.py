"""What is said of a run: which workloads are asked about, what is silenced or known already, and the outcome put together."""
