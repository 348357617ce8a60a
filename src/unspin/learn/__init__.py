"""Training: never imported at run time, except by the commands that train."""
