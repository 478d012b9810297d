"""Clients of remote services: requests and answers, nothing of ours."""
