"""CRS Suite: experiments in conversational recommendation."""
