"""Reports: what results, sweeps and studies come to, as tables, pictures and one page."""
