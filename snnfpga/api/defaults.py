"""Defaults that the command line names before it imports what they are of."""

MOST_PASSES = 100_000
VERIFIED = 40       # samples that a build is verified on
