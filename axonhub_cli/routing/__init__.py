"""Pure decisions: who may serve a request and in which order (`plan`), and what comes after a failure (`failover`)."""
