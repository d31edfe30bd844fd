"""A report on any table of models by tasks: `./bench report matrix FILE.csv --out DIR`."""
