"""The provider's pages: one file per noun, server-rendered, without JavaScript."""
