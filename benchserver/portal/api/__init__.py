"""The provider's REST API: one file per noun, every query filtered by the token's provider."""
