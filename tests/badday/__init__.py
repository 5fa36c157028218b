"""Bad days over HTTP: a store that hangs, refuses, dies or lies, and an app that must not."""
