"""Hostile mail hosts for the lab: they attack STARTTLS in one way each, and write down what a client let out."""
