# Runs at every start, before main.py: clears up after a power cut and takes a bad update back.
import ota

ota.boot()
