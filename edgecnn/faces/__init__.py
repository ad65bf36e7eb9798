"""What is done with faces between finding them and knowing whose they are."""
