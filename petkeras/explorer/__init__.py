"""The explorer: touch a trained network, in a notebook and as one page that can be mailed."""
