"""The catalogues that come with the TOM; ``tom_dataservices.clients`` tells what they say on the wire."""
