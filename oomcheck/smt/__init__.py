"""Questions about a transition system for Z3: bounded model checking, induction, property-directed reachability."""
