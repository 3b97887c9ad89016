"""What staff changed beside the moves of a life, whose events tell themselves: who, when, why, before and after."""
