"""MLflow's file store and its database."""
