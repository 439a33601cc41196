"""Copies of images from one repository to another, byte for byte."""
