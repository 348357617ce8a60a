"""Thin adapters: unspin as a step of the pipelines that people already run."""
