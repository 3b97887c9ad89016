"""What a seller does to many tickets at once: a plan of frozen tickets, a dry run by the verbs' own judgement, and jobs
that carry it out in the background."""
