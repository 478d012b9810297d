"""The data services that come with the TOM."""
