"""Large multimodal models as methods: what they are asked, and what is made of their answers."""
