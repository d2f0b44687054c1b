"""Prints the table of the documentation: python -m tests.kubeconfigs."""

from tests.kubeconfigs.forms import forms

for form in forms():
    print(form.row)
