"""Speech of people and of machines to train and to judge a detector on: sources, engines, splits, chain, confounds."""
