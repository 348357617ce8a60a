"""Three rankers, one job: the log odds of every arc against keeping what is written."""
