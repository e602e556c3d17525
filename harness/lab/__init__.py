"""A private world of links: anonymous namespaces and what lives in them."""
