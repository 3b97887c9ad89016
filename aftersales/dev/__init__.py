"""The embedded PostgreSQL and Valkey of development and tests. `aftersales.devservices` is their only door."""
