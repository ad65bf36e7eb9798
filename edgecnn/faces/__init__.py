"""From a found face to whose it is: quality, alignment, matching, thresholds, encrypted gallery.

Read `gallery` first: it ties the rest together. Finding and embedding faces is
`edgecnn.load("faces")`; nothing here needs a network or a window.
"""
