"""Defaults that the command line names before it imports what they are of."""

VERIFIED = 40       # samples that a build is verified on
