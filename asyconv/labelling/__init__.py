"""Labels by hand: frames chosen from recordings, a page in the browser, a file for each rater, tables of both."""
