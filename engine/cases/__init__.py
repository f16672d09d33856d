"""Cases: incidents that unfold, as a log of events from which everything else follows."""
