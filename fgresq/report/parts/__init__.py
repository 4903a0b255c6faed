"""Tables, figures and sentences that pages are put together from."""
