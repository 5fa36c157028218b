"""What the API takes and answers, as types with examples, and the checks on them."""
