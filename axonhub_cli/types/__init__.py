"""Values only: frozen structs with the domain's nouns, and pure functions on them."""
