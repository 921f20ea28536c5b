"""What is known of people, as features show and fill it."""
