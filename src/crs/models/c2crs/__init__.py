"""C2-CRS: contrastive pre-training of several views from coarse to fine (docs/c2crs.md)."""
