"""What people and admins can do beyond talking: each package is one noun."""
