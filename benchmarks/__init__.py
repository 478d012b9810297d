"""Measurements of the figures that the project promises; ``python -m benchmarks`` runs them all."""
