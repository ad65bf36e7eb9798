"""The report of a conversion: as data, as Markdown, and as a page with plots."""
