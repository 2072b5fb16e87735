"""What is ordered: the language of orders, from words to doses."""
