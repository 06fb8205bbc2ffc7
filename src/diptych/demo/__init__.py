"""The main job, shown on real images: an imperative classifier, its graph, and the two compared."""
