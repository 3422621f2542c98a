"""What is fetched from the network, checked before it is used."""
