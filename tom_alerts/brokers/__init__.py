"""The brokers that come with the TOM, each a module of its own."""
