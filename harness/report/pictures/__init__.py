"""Figures of a document as SVG, PNG and text."""
