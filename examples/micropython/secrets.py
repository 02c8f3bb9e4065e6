"""The Wi-Fi of this board's house. A file of its own, which is not pushed: an update travels in the clear."""

WIFI = 'the network'
PASSWORD = 'its password'
